#include "contract/store_contract.hpp"

#include "ratings/rating_scan.hpp"

#include <algorithm>
#include <array>

namespace ratings::test {
namespace {

/// 300 each of 100 users.
std::vector<Rating> many_ratings() {
  std::vector<Rating> rows;
  rows.reserve(30'000);
  for (int n = 0; n < 30'000; ++n) rows.push_back(rate(n % 100, n, 3, n));
  return rows;
}

}  // namespace

TEST_SUITE("store: reading") {
  TEST_CASE("a schema is created once: asking again changes nothing") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)});

    const auto again = store.admin().ensure_schema();

    CHECK(again.found == again.now);
    CHECK(again.now >= 1);
    CHECK(store.rows(1).size() == 1);
  }

  TEST_CASE("a new store is empty, of generation 1, without foreign changes") {
    Store store;

    const auto status = store.admin().status();

    CHECK(status.schema >= 1);
    CHECK(status.rows == 0);
    CHECK(status.position.generation == 1);
    CHECK_FALSE(status.foreign_changes);
    CHECK(status.position.store_id.size() == 36);
    for (const auto& check : status.checks) CHECK_MESSAGE(check.ok, check.name << ": " << check.detail);
  }

  TEST_CASE("a column that an operator adds to ratings is named, because clean-ups lose it") {
    Store store;
    store.load(Fill::first, kSome);
    store.run_sql("ALTER TABLE ratings ADD COLUMN note text");

    for (const auto& check : store.admin().status().checks) {
      CAPTURE(check.detail);
      CHECK(check.ok == (check.name != "columns"));
      if (!check.ok) CHECK(check.detail.starts_with("not ours: note; "));
      if (!check.ok) CHECK_FALSE(check.blocks_cache);
    }
    CHECK(store.rows(1).size() == 3);
    CHECK(store.purge({{1}}).rows == 3);
  }

  TEST_CASE("a scan gives everybody's ratings, or those of the users asked for, each once") {
    Store store;
    const std::vector<Rating> rows{rate(1, 9, 4, 200), rate(1, 5, 3.5F, 100), rate(1, 5, 3.5F, 100),
                                   rate(2, 1, 0, 1), rate(9'000'000'000, 2'147'483'647, 4.1F, 253402300799)};
    store.load(Fill::first, rows);
    const auto scan = open_rating_scan(store.options());
    const auto found = [&scan](const std::vector<UserId>& users) {
      std::vector<Rating> taken;
      const auto count = scan->each(users, [&taken](const Rating& rating) { taken.push_back(rating); });
      CHECK(count == taken.size());
      return to_text(taken);
    };

    CHECK(found({}) == to_text(rows));
    CHECK(found({{1}, {7}, {1}}) == to_text({rows[0], rows[1], rows[2]}));
    CHECK(found({{9'000'000'000}, {2}}) == to_text({rows[3], rows[4]}));
    CHECK(found({{7}}).empty());
  }

  TEST_CASE("a scan sees one state: what is purged while it runs is in it, and not in the next") {
    Store store;
    const auto rows = many_ratings();
    store.load(Fill::first, rows);
    const auto scan = open_rating_scan(store.options());

    bool purged = false;
    const auto before = scan->each({}, [&](const Rating&) {
      if (!purged) store.purge({{99}});
      purged = true;
    });

    CHECK(before == 30'000);
    CHECK(scan->each({}, [](const Rating&) {}) == 29'700);
  }

  TEST_CASE("a scan that its caller ends leaves the store as it was") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 2, 2, 2)});
    const auto scan = open_rating_scan(store.options());

    CHECK(error_of([&] {
            scan->each({}, [](const Rating&) { throw Error{Kind::input, "enough"}; });
          }) == Kind::input);

    CHECK(store.purge({{1}}).rows == 1);
    CHECK(open_rating_scan(store.options())->each({}, [](const Rating&) {}) == 1);
  }

  TEST_CASE("a scan user by user gives each user once, ascending, with the history in its order") {
    Store store;
    const std::vector<Rating> first{rate(2, 9, 4, 200), rate(2, 5, 3.5F, 100), rate(1, 1, 0, 1)};
    const std::vector<Rating> more{rate(2, 5, 3.5F, 100), rate(9'000'000'000, 7, 5, 300), rate(2, 6, 1, 99)};
    store.load(Fill::first, first);
    store.load(Fill::append, more);
    const auto scan = open_rating_scan(store.options());
    const auto found = [&scan](std::int64_t since) {
      std::vector<std::vector<Rating>> taken;
      const auto count = scan->each_user(
          since, [&taken](std::span<const Rating> user) { taken.emplace_back(user.begin(), user.end()); });
      std::size_t rows = 0;
      for (const auto& user : taken) rows += user.size();
      CHECK(count == rows);
      return taken;
    };
    const std::vector<Rating> two{rate(2, 6, 1, 99), rate(2, 5, 3.5F, 100), rate(2, 5, 3.5F, 100),
                                  rate(2, 9, 4, 200)};

    CHECK(found(0) ==
          std::vector<std::vector<Rating>>{{rate(1, 1, 0, 1)}, two, {rate(9'000'000'000, 7, 5, 300)}});
    CHECK(found(200) ==
          std::vector<std::vector<Rating>>{{rate(2, 9, 4, 200)}, {rate(9'000'000'000, 7, 5, 300)}});
    CHECK(found(301).empty());
  }

  TEST_CASE("a scan user by user sees one state, and survives a caller that ends it") {
    Store store;
    const auto rows = many_ratings();
    store.load(Fill::first, rows);

    bool purged = false;
    const auto before = open_rating_scan(store.options())->each_user(0, [&](std::span<const Rating>) {
      if (!purged) store.purge({{99}});
      purged = true;
    });
    CHECK(error_of([&] {
            open_rating_scan(store.options())->each_user(0, [](std::span<const Rating>) {
              throw Error{Kind::input, "enough"};
            });
          }) == Kind::input);

    CHECK(before == 30'000);
    CHECK(open_rating_scan(store.options())->each_user(0, [](std::span<const Rating>) {}) == 29'700);
  }

  TEST_CASE("a history is ordered by time, then movie, then score, whatever the order of loading") {
    Store store;
    store.load(Fill::first, {rate(1, 9, 4, 200), rate(1, 5, 3.5F, 100), rate(1, 5, 0.5F, 100),
                             rate(1, 2, 5, 100), rate(2, 1, 1, 1), rate(1, 5, 0.5F, 100)});

    const auto rows = store.rows(1);

    const std::vector<Rating> expected{rate(1, 2, 5, 100), rate(1, 5, 0.5F, 100), rate(1, 5, 0.5F, 100),
                                       rate(1, 5, 3.5F, 100), rate(1, 9, 4, 200)};
    CHECK(rows == expected);
  }

  TEST_CASE("a history is whole and in order around the length from which it is read row by row") {
    Store store;
    std::vector<Rating> rows;
    for (const int ratings : {19'999, 20'000, 20'001, 50'000}) {
      for (int n = ratings; n > 0; --n) rows.push_back(rate(ratings, n % 1'000, 3.5F, n));
    }
    store.load(Fill::first, rows);

    for (const int ratings : {19'999, 20'000, 20'001, 50'000, 19'999}) {
      CAPTURE(ratings);
      const auto history = store.history(ratings);
      REQUIRE(history.ratings.size() == static_cast<std::size_t>(ratings));
      CHECK(std::is_sorted(history.ratings.begin(), history.ratings.end(), older));
      CHECK(history.ratings.front() == rate(ratings, 1, 3.5F, 1));
      CHECK(history.ratings.back() == rate(ratings, ratings % 1'000, 3.5F, ratings));
      CHECK(store.positions().standing({ratings}, history.tag.read, Store::deadline()).known_point);
    }

    const std::array<UserId, 4> users{UserId{20'001}, UserId{7}, UserId{50'000}, UserId{19'999}};
    const auto together = store.reader().histories(users, Store::deadline());
    REQUIRE(together.size() == users.size());
    for (std::size_t i = 0; i < users.size(); ++i) {
      CAPTURE(users[i].value);
      const auto alone = store.reader().history(users[i], Store::deadline());
      CHECK(together[i].user == users[i]);
      CHECK(together[i].tag == alone.tag);
      CHECK(together[i].ratings == alone.ratings);
    }
  }

  TEST_CASE("every value in range is read back as the same value") {
    Store store;
    constexpr std::int64_t largest_user = 9223372036854775807;
    const std::array rows{rate(largest_user, 2147483647, 10, kMaxTimestamp),
                          rate(largest_user, 0, 0, 0),
                          rate(largest_user, 1, 0.1F, 1),
                          rate(largest_user, 2, 3.3333333F, 2),
                          rate(largest_user, 3, 1e-38F, 3),
                          rate(largest_user, 4, 9.999999F, 4)};
    store.load(Fill::first, rows);

    CHECK(to_text(store.rows(largest_user)) == to_text(std::vector<Rating>(rows.begin(), rows.end())));
    for (const auto& row : store.rows(largest_user)) {
      CHECK(std::find(rows.begin(), rows.end(), row) != rows.end());
    }
  }

  TEST_CASE("an unknown user has an empty history with a valid tag") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)});

    const auto history = store.history(4711);

    CHECK(history.user == UserId{4711});
    CHECK(history.ratings.empty());
    CHECK(store.positions().standing({4711}, history.tag.read, Store::deadline()).known_point);
  }

  TEST_CASE("several histories come in the order asked for, repeated ids repeatedly, from one snapshot") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 7, 4, 50)});
    const std::array users{UserId{2}, UserId{9}, UserId{1}, UserId{2}};

    const auto histories = store.reader().histories(users, Store::deadline());

    REQUIRE(histories.size() == 4);
    for (std::size_t i = 0; i < users.size(); ++i) CHECK(histories[i].user == users.at(i));
    CHECK(histories[0].ratings == std::vector{rate(2, 7, 4, 50)});
    CHECK(histories[1].ratings.empty());
    CHECK(histories[2].ratings == std::vector{rate(1, 31, 2.5F, 100)});
    CHECK(histories[3].ratings == histories[0].ratings);
    CHECK(histories[0].tag.read == histories[2].tag.read);
  }

  TEST_CASE("a reader whose deadline has passed says busy, and answers again afterwards") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)});

    const auto late =
        error_of([&] { (void)store.positions().changes_since({}, boot_clock().now() - Instant{1}); });

    // A store that answers from memory may well be in time.
    CHECK((!late || *late == Kind::busy));
    CHECK(store.rows(1).size() == 1);
  }
}

}  // namespace ratings::test
