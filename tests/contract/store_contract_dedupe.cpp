#include "contract/store_contract.hpp"

namespace ratings::test {

TEST_SUITE("store: dedupe") {
  TEST_CASE("doubles anywhere in a table of many pages are found, and undo brings each back") {
    Store store;
    std::vector<Rating> rows;
    rows.reserve(60'000);
    for (std::int32_t number = 0; number < 60'000; ++number)
      rows.push_back(rate(number % 500, number % 997, number % 2 == 0 ? 3 : 4, number));
    std::vector<Rating> again;  // far behind their first copies, some three times
    for (std::size_t number = 0; number < rows.size(); number += 50) {
      again.push_back(rows[number]);
      if (number % 100 == 0) again.push_back(rows[number]);
    }
    store.load(Fill::first, rows);
    store.load(Fill::append, again, 2);

    CHECK(store.clean_up().dedupe({.users = {}, .dry_run = true}).rows == again.size());
    const auto result = store.dedupe();

    CHECK(result.rows == again.size());
    CHECK(result.groups == 1'200);
    CHECK(result.conflict_count == 0);
    std::size_t left = 0;
    for (std::int64_t user = 0; user < 500; ++user) left += store.rows(user).size();
    CHECK(left == rows.size());
    CHECK(store.dedupe().rows == 0);
    CHECK(store.undo(result.batch.value()).rows == again.size());
    CHECK(store.clean_up().dedupe({.users = {}, .dry_run = true}).rows == again.size());
  }

  TEST_CASE("a rating that was stored very often becomes one, and is held only in part meanwhile") {
    constexpr std::size_t kCopies = 300'000;  // more than are held, or taken by one statement
    Store store;
    std::vector<Rating> rows(kCopies, rate(1, 31, 2.5F, 100));
    rows.push_back(rate(1, 31, 3, 100));
    rows.push_back(rate(2, 31, 2.5F, 100));
    store.load(Fill::first, rows, 2);

    for (const auto& users : {std::vector<UserId>{}, std::vector<UserId>{{1}}}) {
      const auto result = store.dedupe(users);

      CHECK(result.rows == kCopies - 1);
      CHECK(result.groups == 1);
      CHECK(result.user_count == 1);
      CHECK(result.conflict_count == 1);
      CHECK(store.rows(1) == std::vector{rate(1, 31, 2.5F, 100), rate(1, 31, 3, 100)});
      CHECK(store.dedupe(users).rows == 0);
      CHECK(store.undo(result.batch.value()).rows == kCopies - 1);
    }
    CHECK(store.rows(1).size() == kCopies + 1);
    CHECK(store.rows(2).size() == 1);
  }

  TEST_CASE("records equal in all four columns become one: a second run finds nothing") {
    Store store;
    store.load(Fill::first,
               {rate(1, 31, 2.5F, 100), rate(1, 31, 2.5F, 100), rate(1, 31, 2.5F, 100), rate(2, 31, 4, 1)});

    const auto result = store.dedupe();

    CHECK(result.rows == 2);
    CHECK(result.groups == 1);
    CHECK(result.user_count == 1);
    REQUIRE(result.batch.has_value());
    CHECK(result.batch->starts_with("dedupe-"));
    CHECK(store.rows(1) == std::vector{rate(1, 31, 2.5F, 100)});
    const auto again = store.dedupe();
    CHECK(again.rows == 0);
    CHECK_FALSE(again.batch.has_value());
    CHECK(store.clean_up().batches().size() == 1);
  }

  TEST_CASE(
      "same movie, same second: another user's record, another score and another time are not doubles") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 31, 2.5F, 100), rate(1, 31, 3, 100),
                             rate(1, 31, 2.5F, 101), rate(1, 32, 2.5F, 100)});
    const auto before = all_rows(store);

    const auto result = store.dedupe();

    CHECK(result.rows == 0);
    CHECK(all_rows(store) == before);
  }

  TEST_CASE("different scores for one user, movie and time are reported and left alone") {
    Store store;
    store.load(Fill::first, {rate(2, 5, 1, 7), rate(2, 5, 2, 7), rate(1, 9, 1, 7), rate(1, 9, 1, 7),
                             rate(1, 9, 4, 7), rate(1, 8, 1, 7)});

    for (const std::uint64_t expected : {1U, 0U}) {
      const auto result = store.dedupe();
      CHECK(result.rows == expected);
      CHECK(result.conflict_count == 2);
      REQUIRE(result.conflicts.size() == 2);
      CHECK(result.conflicts[0].user == UserId{1});
      CHECK(result.conflicts[0].movie == MovieId{9});
      CHECK(result.conflicts[0].timestamp == 7);
      CHECK(result.conflicts[0].records == 2);
      CHECK(result.conflicts[1].user == UserId{2});
    }
    CHECK(store.rows(1).size() == 3);
  }

  TEST_CASE("only the users asked for are deduped, and only they move") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(2, 1, 1, 1)});
    const auto two = store.history(2).tag.own;

    const auto result = store.dedupe({{1}, {1}, {9}});

    CHECK(result.rows == 1);
    CHECK(store.rows(1).size() == 1);
    CHECK(store.rows(2).size() == 2);
    CHECK(store.history(2).tag.own == two);
    CHECK(store.history(1).tag.own > two);
  }

  TEST_CASE("undo of a dedupe brings every double back") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);
    const auto batch = *store.dedupe().batch;
    CHECK(all_rows(store) != before);

    const auto undone = store.undo(batch);

    CHECK(to_text(undone.users) == "1:restored:1");
    CHECK(all_rows(store) == before);
  }

  TEST_CASE("doubles of a user who is excluded meanwhile stay in quarantine") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);
    const auto deduped = *store.dedupe().batch;
    const auto purged = *store.purge({{1}}).batch;

    CHECK(to_text(store.undo(deduped).users) == "1:still_excluded:1");
    (void)store.undo(purged);
    (void)store.undo(deduped);

    CHECK(all_rows(store) == before);
  }
}

}  // namespace ratings::test
