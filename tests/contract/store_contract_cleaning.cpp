#include "contract/store_contract.hpp"

namespace ratings::test {

TEST_SUITE("store: purge and undo") {
  TEST_CASE(
      "purge takes the users' rows, excludes them and names unknown users, each once in the order asked "
      "for") {
    Store store;
    store.load(Fill::first, kSome);

    const auto result = store.purge({{4}, {1}, {3}, {1}});

    CHECK(to_text(result.users) == "4:unknown:0 1:purged:3 3:purged:1");
    CHECK(result.rows == 4);
    CHECK(result.user_count == 2);
    REQUIRE(result.batch.has_value());
    CHECK(result.batch->starts_with("purge-"));
    CHECK(result.committed > Instant::zero());
    CHECK(store.rows(1).empty());
    CHECK(store.rows(2).size() == 1);
    const auto batch = batch_named(store, *result.batch);
    CHECK(batch.kind == "purge");
    CHECK(batch.state == "active");
    CHECK(batch.users == 2);
    CHECK(batch.rows == 4);
    CHECK(batch.held == 4);
    CHECK(batch.reason == "test");
    CHECK_FALSE(batch.who.empty());
    CHECK(batch.at.size() == 19);
    CHECK(store.admin().status().excluded_users == 2);
  }

  TEST_CASE("nothing to take: no batch, and nothing moves") {
    Store store;
    store.load(Fill::first, kSome);
    (void)store.purge({{1}});
    const auto before = store.position().now;

    const auto result = store.purge({{1}, {99}});

    CHECK(to_text(result.users) == "1:already_excluded:0 99:unknown:0");
    CHECK_FALSE(result.batch.has_value());
    CHECK(store.position().now == before);
    CHECK(store.clean_up().batches().size() == 1);
  }

  TEST_CASE(
      "who left nothing but rows in quarantine is excluded by a purge, and stays out of the next load") {
    Store store;
    store.load(Fill::first, kSome);
    std::string left;
    SUBCASE("of a purge whose exclusion was lifted") {
      left = *store.purge({{1}}).batch;
      store.load(Fill::replace, {rate(2, 60, 4, 400)}, 2);
      (void)store.lift(left);
    }
    SUBCASE("of a dedupe, and the rest was deleted at the store's own shell") {
      left = *store.dedupe().batch;
      store.run_sql("DELETE FROM ratings WHERE user_id = 1");
    }
    const auto held = batch_named(store, left).held;
    CHECK(
        to_text(
            store.clean_up().purge({.users = {{1}}, .reason = {}, .dry_run = true, .max_rows = {}}).users) ==
        "1:purged:0");

    const auto purged = store.purge({{1}});

    CHECK(to_text(purged.users) == "1:purged:0");
    CHECK(purged.user_count == 1);
    REQUIRE(purged.batch.has_value());
    CHECK(batch_named(store, *purged.batch).state == "active");
    CHECK(batch_named(store, left).held == held);
    CHECK(to_text(store.purge({{1}}).users) == "1:already_excluded:0");
    store.load(Fill::append, {rate(1, 70, 4, 500), rate(2, 70, 4, 500)}, 3);
    CHECK(store.rows(1).empty());
    CHECK(to_text(store.undo(*purged.batch).users) == "1:restored:1");
  }

  TEST_CASE("who finds nothing to do waits too: what was found may be another's change of a moment ago") {
    using namespace std::chrono_literals;
    Store store;
    store.admin().set_delta(300ms);
    store.load(Fill::first, kSome);
    (void)store.dedupe();
    const auto batch = *store.purge({{1}}).batch;
    (void)store.undo(batch);
    (void)store.purge({{2}});

    const auto asked = boot_clock().now();
    const auto excluded = store.purge({{2}});
    const auto undone = store.undo(batch);
    const auto without_doubles = store.dedupe();

    CHECK(store.facts().wait == 300ms);
    for (const CleanUpResult* result : {&excluded, static_cast<const CleanUpResult*>(&undone),
                                        static_cast<const CleanUpResult*>(&without_doubles)}) {
      CHECK_FALSE(result->batch.has_value());
      CHECK(result->wait == 300ms);
      CHECK(result->committed >= asked);
    }
  }

  TEST_CASE("more rows than allowed: refused, nothing changed") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);

    const auto too_many = [&] { store.clean_up().purge({.users = {{1}, {1}}, .reason = {}, .max_rows = 2}); };
    CHECK(error_of(too_many) == Kind::guard);
    CHECK(caught(too_many).what == "purging: 3 rows are more than --max-rows 2; nothing was changed");

    CHECK(all_rows(store) == before);
    CHECK(store.clean_up().batches().empty());
    CHECK(store.clean_up().purge({.users = {{1}}, .reason = {}, .max_rows = 3}).rows == 3);
  }

  TEST_CASE("a dry run tells what would happen and changes nothing") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);
    const auto position = store.position().now;

    const auto purge =
        store.clean_up().purge({.users = {{1}, {9}}, .reason = {}, .dry_run = true, .max_rows = {}});
    const auto hard =
        store.clean_up().purge({.users = {{2}}, .reason = {}, .hard = true, .dry_run = true, .max_rows = {}});
    const auto dedupe = store.clean_up().dedupe({.users = {}, .dry_run = true});

    CHECK(to_text(purge.users) == "1:purged:3 9:unknown:0");
    CHECK(to_text(hard.users) == "2:erased:1");
    CHECK(dedupe.rows == 1);
    CHECK(dedupe.groups == 1);
    CHECK_FALSE(purge.batch.has_value());
    CHECK_FALSE(hard.batch.has_value());
    CHECK_FALSE(dedupe.batch.has_value());
    CHECK(all_rows(store) == before);
    CHECK(store.position().now == position);
    CHECK(store.clean_up().batches().empty());
    const auto batch = *store.purge({{1}}).batch;
    const auto undo = store.clean_up().undo({.batch = batch, .dry_run = true});
    CHECK(to_text(undo.users) == "1:restored:3");
    CHECK_FALSE(undo.batch.has_value());
    CHECK(store.rows(1).empty());
    CHECK(batch_named(store, batch).state == "active");
  }

  TEST_CASE("undo gives back exactly what was taken, lifts the exclusion, and says so the second time") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);
    const auto batch = *store.purge({{1}, {2}}).batch;

    const auto undone = store.undo(batch);

    CHECK(undone.known);
    CHECK(undone.batch == batch);
    CHECK(to_text(undone.users) == "1:restored:3 2:restored:1");
    CHECK(undone.rows == 4);
    CHECK(all_rows(store) == before);
    CHECK(batch_named(store, batch).state == "undone");
    CHECK(batch_named(store, batch).held == 0);
    CHECK(store.admin().status().excluded_users == 0);
    const auto again = store.undo(batch);
    CHECK(again.already_undone);
    CHECK(again.rows == 0);
    CHECK_FALSE(again.batch.has_value());
  }

  TEST_CASE("an unknown batch is not known") {
    Store store;
    CHECK_FALSE(store.undo("purge-4711").known);
    CHECK_FALSE(store.undo("' OR 1=1 --").known);
  }

  TEST_CASE("purge, load, undo equals load, in whatever order users come") {
    const std::vector<Rating> more{rate(1, 50, 3, 300), rate(2, 50, 3, 300), rate(4, 50, 3, 300),
                                   rate(1, 31, 2.5F, 100)};
    Store plain;
    plain.load(Fill::first, kSome);
    plain.load(Fill::append, more, 2);
    for (const std::vector<UserId>& users : {std::vector<UserId>{{1}}, {{2}, {1}}, {{3}, {2}, {1}}}) {
      Store store;
      store.load(Fill::first, kSome);
      const auto batch = *store.purge(users).batch;
      store.load(Fill::append, more, 2);
      CHECK(all_rows(store) != all_rows(plain));

      (void)store.undo(batch);

      CHECK(all_rows(store) == all_rows(plain));
    }
  }

  TEST_CASE("a user excluded twice stays excluded until both batches are undone, in either order") {
    for (const bool newest_first : {true, false}) {
      CAPTURE(newest_first);
      Store store;
      store.load(Fill::first, kSome);
      const auto before = all_rows(store);
      const auto first = *store.purge({{1}}).batch;
      store.run_sql("INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") VALUES (1, 99, 1, 9)");
      const auto second = *store.purge({{1}}).batch;
      store.load(Fill::append, {rate(1, 98, 1, 8)}, 2);  // held back under the second

      const auto [one, other] = newest_first ? std::pair{second, first} : std::pair{first, second};
      const auto blocked = store.undo(one);
      CHECK(blocked.users.at(0).status == UserStatus::still_excluded);
      CHECK(blocked.rows == 0);
      CHECK(batch_named(store, one).state == "partly-undone");
      CHECK(store.rows(1).empty());
      const auto freed = store.undo(other);
      CHECK(freed.users.at(0).status == UserStatus::restored);
      const auto rest = store.undo(one);
      CHECK_FALSE(rest.already_undone);
      CHECK(rest.users.at(0).status == UserStatus::restored);

      CHECK(rest.rows + freed.rows == 5);
      CHECK(batch_named(store, one).state == "undone");
      CHECK(store.rows(1).size() == 5);
      CHECK(all_rows(store) != before);
    }
  }

  TEST_CASE("replace supersedes a batch: undo is refused, lift gives back only what later loads held back") {
    Store store;
    store.load(Fill::first, kSome);
    const auto batch = *store.purge({{1}}).batch;
    store.load(Fill::replace, {rate(1, 60, 4, 400), rate(2, 60, 4, 400)}, 2);
    CHECK(store.rows(1).empty());
    CHECK(batch_named(store, batch).state == "superseded");

    CHECK(error_of([&] { store.undo(batch); }) == Kind::guard);
    CHECK(caught([&] { store.undo(batch); }).what ==
          "undoing " + batch +
              ": the ratings have been replaced since; to lift its exclusion and give back what later loads "
              "held back, run 'ratingsctl undo --lift " +
              batch + "'");
    const auto lifted = store.lift(batch);

    CHECK(to_text(lifted.users) == "1:restored:1");
    CHECK(store.rows(1) == std::vector{rate(1, 60, 4, 400)});
    CHECK(batch_named(store, batch).held == 3);
    CHECK(batch_named(store, batch).state == "lifted");
    CHECK(store.lift(batch).already_undone);
    CHECK(store.undo(batch).already_undone);
    store.load(Fill::append, {rate(1, 61, 4, 401)}, 3);
    CHECK(store.rows(1).size() == 2);
  }

  TEST_CASE("a hard purge erases rows and quarantine for good: its undo only lifts the exclusion") {
    Store store;
    store.load(Fill::first, kSome);
    const auto soft = *store.purge({{1}}).batch;
    store.load(Fill::append, {rate(2, 8, 2, 8)}, 2);

    const auto hard = store.purge_hard({{1}, {2}, {77}});

    CHECK(to_text(hard.users) == "1:erased:3 2:erased:2 77:unknown:0");
    REQUIRE(hard.batch.has_value());
    CHECK(hard.batch->starts_with("hard-purge-"));
    CHECK(batch_named(store, *hard.batch).state == "erased");
    CHECK(batch_named(store, soft).held == 0);
    CHECK(store.admin().status().quarantined == 0);
    const auto again = store.purge_hard({{1}, {2}});
    CHECK(to_text(again.users) == "1:already_excluded:0 2:already_excluded:0");
    CHECK_FALSE(again.batch.has_value());
    store.load(Fill::append, {rate(2, 9, 3, 9)}, 3);
    CHECK(store.rows(2).empty());
    const auto undone = store.undo(*hard.batch);
    CHECK(to_text(undone.users) == "1:still_excluded:0 2:restored:1");
    CHECK(store.rows(2) == std::vector{rate(2, 9, 3, 9)});
    CHECK(batch_named(store, *hard.batch).state == "lifted");
    CHECK(to_text(store.undo(soft).users) == "1:erased:0");
  }

  TEST_CASE("a hard purge of somebody who is only excluded erases nothing, and excludes for good") {
    Store store;
    store.load(Fill::first, kSome);
    const auto soft = *store.purge({{3}}).batch;
    (void)store.prune(std::chrono::seconds{0});

    CHECK(to_text(store.purge_hard({{3}}).users) == "3:erased:0");

    CHECK(to_text(store.undo(soft).users) == "3:still_excluded:0");
    CHECK(to_text(store.purge_hard({{3}}).users) == "3:already_excluded:0");
  }

  TEST_CASE("batches are listed newest first and numbers are never used twice") {
    Store store;
    store.load(Fill::first, kSome);
    const auto first = *store.purge({{1}}).batch;
    (void)store.undo(first);
    const auto second = *store.purge({{1}}).batch;

    const auto batches = store.clean_up().batches();

    REQUIRE(batches.size() == 2);
    CHECK(first != second);
    CHECK(batches[0].batch == second);
    CHECK(batches[1].batch == first);
    CHECK(batches[0].state == "active");
    CHECK(batches[1].state == "undone");
  }

  TEST_CASE("clean-ups of our own are not foreign changes") {
    Store store;
    store.load(Fill::first, kSome);
    const auto batch = *store.purge({{1}}).batch;
    (void)store.undo(batch);
    (void)store.dedupe();

    CHECK_FALSE(store.facts().foreign_changes);
  }

  TEST_CASE("a reason that is no UTF-8 is kept as text") {
    Store store;
    store.load(Fill::first, kSome);
    (void)store.clean_up().purge({.users = {{1}}, .reason = "\xffots", .max_rows = {}});

    CHECK(store.clean_up().batches().front().reason == "\\xffots");
  }

  TEST_CASE("a table that purges emptied is known from one that never held anything") {
    Store store;
    CHECK_FALSE(store.facts().held);
    store.load(Fill::first, kSome);
    const auto batch = *store.purge({{1}, {2}, {3}}).batch;
    REQUIRE(store.facts().empty);

    CHECK(store.facts().held);
    (void)store.undo(batch);
    CHECK_FALSE(store.facts().held);
  }
}

}  // namespace ratings::test
