#include "contract/store_contract.hpp"

#include "ratings/rating_scan.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace ratings::test {

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
    std::vector<Rating> rows;
    for (int n = 0; n < 30'000; ++n) rows.push_back(rate(n % 100, n, 3, n));
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
    std::vector<Rating> rows;
    for (int n = 0; n < 30'000; ++n) rows.push_back(rate(n % 100, n, 3, n));
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

TEST_SUITE("store: positions") {
  TEST_CASE("a change moves the tag of the users it touches and of nobody else") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 7, 4, 50)});
    const auto before_one = store.history(1).tag;
    const auto before_two = store.history(2).tag;

    store.load(Fill::append, {rate(1, 32, 3, 101)}, 2);

    CHECK(store.history(1).tag.own > before_one.own);
    CHECK(store.history(2).tag.own == before_two.own);
    CHECK(store.history(1).tag.own == store.position().now.position);
    CHECK(store.history(2).tag.read == store.position().now);
  }

  TEST_CASE("a bulk load raises the floor, so every user's tag moves") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)});
    const auto unknown = store.history(77).tag;
    const auto floor = store.position().floor;

    store.load(Fill::replace, {rate(1, 31, 2.5F, 100)}, 2);

    CHECK(store.position().floor > floor);
    CHECK(store.position().floor == store.position().now.position);
    CHECK(store.history(77).tag.own > unknown.own);
  }

  TEST_CASE("changes_since lists exactly the users that moved, and the points passed") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(3, 1, 1, 1)});
    const auto start = store.position().now;

    store.load(Fill::append, {rate(1, 2, 2, 2)}, 2);
    (void)store.purge({{3}});
    const auto changes = store.changes_since(start);

    CHECK(changes.known_point);
    CHECK_FALSE(changes.overflow);
    CHECK(changes.state.floor <= start.position);
    auto moved = changes.moved;
    std::sort(moved.begin(), moved.end());
    REQUIRE(moved.size() == 2);
    CHECK(moved[0].first == UserId{1});
    CHECK(moved[0].second == store.history(1).tag.own);
    CHECK(moved[1].first == UserId{3});
    CHECK(moved[1].second == changes.state.now.position);
    REQUIRE_FALSE(changes.history.empty());
    CHECK(changes.history.back() == changes.state.now);
    CHECK(std::is_sorted(changes.history.begin(), changes.history.end()));
    CHECK(changes.history.front().position > start.position);
  }

  TEST_CASE("without a change nothing has moved, however often one asks") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto point = store.position().now;

    for (int time = 0; time < 3; ++time) {
      const auto changes = store.changes_since(point);
      CHECK(changes.known_point);
      CHECK(changes.moved.empty());
      CHECK(changes.history.empty());
      CHECK(changes.state.now == point);
    }
  }

  TEST_CASE("more than 10,000 users are not listed: the floor rises or the list overflows") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto start = store.position().now;
    std::vector<Rating> many;
    for (std::int64_t user = 1; user <= 10'001; ++user) many.push_back(rate(user, 2, 2, 2));

    store.load(Fill::append, many, 2);
    const auto changes = store.changes_since(start);

    CHECK((changes.overflow || changes.state.floor > start.position));
    CHECK(store.history(10'001).tag.own > start.position);
  }

  TEST_CASE("users moved by several smaller changes overflow the list in the end") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto start = store.position().now;
    for (std::int64_t part = 0; part < 2; ++part) {
      std::vector<Rating> rows;
      for (std::int64_t user = 1; user <= 6'000; ++user) rows.push_back(rate(part * 6'000 + user, 2, 2, 2));
      store.load(Fill::append, rows, static_cast<std::uint8_t>(2 + part));
    }

    const auto changes = store.changes_since(start);

    CHECK(changes.known_point);
    CHECK(changes.overflow);
    CHECK(changes.state.floor <= start.position);
  }

  TEST_CASE("a point with another salt, or from the future, is not part of the history") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    auto forged = store.position().now;
    forged.salt.bytes[0] ^= 1U;
    auto future = store.position().now;
    future.position += 1000;

    CHECK_FALSE(store.changes_since(forged).known_point);
    CHECK_FALSE(store.changes_since(future).known_point);
    CHECK_FALSE(store.positions().standing({1}, forged, Store::deadline()).known_point);
    CHECK(store.changes_since(store.position().now).known_point);
  }

  TEST_CASE("standing tells whether a cached value is still the user's last word") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1)});
    const auto one = store.history(1).tag;
    const auto two = store.history(2).tag;

    (void)store.purge({{1}});
    const auto standing_one = store.positions().standing({1}, one.read, Store::deadline());
    const auto standing_two = store.positions().standing({2}, two.read, Store::deadline());

    CHECK(standing_one.known_point);
    CHECK(standing_one.own > one.own);
    CHECK(standing_one.now == store.position().now);
    CHECK(standing_two.known_point);
    CHECK(standing_two.own == two.own);
  }

  TEST_CASE("changes made at the store's own shell move positions and count as foreign") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(3, 1, 1, 1)});
    CHECK_FALSE(store.facts().foreign_changes);
    const auto start = store.position().now;

    store.run_sql("INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") VALUES (9, 1, 4.5, 7)");
    store.run_sql("UPDATE ratings SET user_id = 8 WHERE user_id = 2");
    store.run_sql("DELETE FROM ratings WHERE user_id = 3");
    const auto changes = store.changes_since(start);

    std::vector<std::int64_t> moved;
    for (const auto& [user, position] : changes.moved) moved.push_back(user.value);
    std::sort(moved.begin(), moved.end());
    CHECK(moved == std::vector<std::int64_t>{2, 3, 8, 9});
    CHECK(store.rows(9) == std::vector{rate(9, 1, 4.5F, 7)});
    CHECK(store.facts().foreign_changes);
    CHECK(store.admin().status().foreign_changes);
  }

  TEST_CASE("foreign changes are forgotten with the generation they were made in, and not before") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    store.run_sql("DELETE FROM ratings WHERE user_id = 1");

    store.load(Fill::append, {rate(2, 1, 1, 1)}, 2);
    CHECK(store.facts().foreign_changes);
    store.load(Fill::replace, {rate(2, 1, 1, 1)}, 3);
    CHECK_FALSE(store.facts().foreign_changes);
  }

  TEST_CASE("delta can be raised at once and lowered with patience: writers report what to wait for") {
    using namespace std::chrono_literals;
    Store store;
    store.admin().set_delta(0ms);
    CHECK(store.position().delta == 0ms);
    CHECK(store.load(Fill::first, {rate(1, 1, 1, 1)}).wait == 0ms);

    store.admin().set_delta(200ms);
    CHECK(store.position().delta == 200ms);
    CHECK(store.purge({{1}}).wait == 200ms);

    const auto before = boot_clock().now();
    store.admin().set_delta(50ms);
    CHECK(boot_clock().now() - before >= 200ms);
    CHECK(store.position().delta == 50ms);
    CHECK(store.load(Fill::append, {rate(2, 1, 1, 1)}, 2).wait == 50ms);
    CHECK(error_of([&] { store.admin().set_delta(60'001ms); }) == Kind::usage);
    CHECK(error_of([&] { store.admin().set_delta(-1ms); }) == Kind::usage);
  }

  TEST_CASE(
      "delta lowered twice, with a longer one between: the first does not cut the second's wait short") {
    using namespace std::chrono_literals;
    Store store;
    store.admin().set_delta(300ms);
    const auto lower = [&store] { open_store_admin(store.options("init"))->set_delta(100ms); };
    std::jthread first{lower};  // until nobody uses the 300 ms
    while (store.position().delta != 100ms) std::this_thread::yield();
    store.admin().set_delta(2'000ms);
    std::jthread second{lower};  // until nobody uses the 2 s
    while (store.position().delta != 100ms) std::this_thread::yield();

    first.join();
    CHECK(store.facts().wait == 2'000ms);
    second.join();
    CHECK(store.facts().wait == 100ms);
  }
}

}  // namespace ratings::test
