#include "contract/store_contract.hpp"

namespace ratings::test {

TEST_SUITE("store: prune") {
  TEST_CASE("what old batches hold is erased, their users stay excluded, and younger ones keep theirs") {
    Store store;
    store.load(Fill::first, kSome);
    const auto deduped = *store.dedupe().batch;
    const auto purged = *store.purge({{1}, {2}}).batch;
    const auto position = store.position().now;

    CHECK(store.prune(std::chrono::hours{1}).batches.empty());
    CHECK(batch_named(store, purged).state == "active");
    const auto result = store.prune(std::chrono::seconds{0});

    REQUIRE(result.batches.size() == 2);
    CHECK(result.batches[0].batch == deduped);
    CHECK(result.batches[0].rows == 1);
    CHECK(result.batches[1].batch == purged);
    CHECK(result.batches[1].rows == 3);
    CHECK(result.rows == 4);
    for (const auto& name : {deduped, purged}) {
      CHECK(batch_named(store, name).state == "pruned");
      CHECK(batch_named(store, name).held == 0);
    }
    CHECK(batch_named(store, purged).rows == 3);  // still says what it took
    CHECK(store.admin().status().quarantined == 0);
    CHECK(store.admin().status().excluded_users == 2);
    CHECK(store.position().now == position);
    CHECK_FALSE(store.facts().foreign_changes);
    CHECK(store.prune(std::chrono::seconds{0}).batches.empty());
  }

  TEST_CASE("a rehearsed pruning changes nothing") {
    Store store;
    store.load(Fill::first, kSome);
    const auto before = all_rows(store);
    const auto batch = *store.purge({{1}}).batch;

    const auto result = open_pruner(store.options())->prune({.older_than = {}, .dry_run = true});

    REQUIRE(result.batches.size() == 1);
    CHECK(result.batches[0].batch == batch);
    CHECK(result.rows == 3);
    CHECK(batch_named(store, batch).state == "active");
    (void)store.undo(batch);
    CHECK(all_rows(store) == before);
  }

  TEST_CASE(
      "undo of a pruned batch lifts the exclusion, gives back what loads held back since, and says so") {
    Store store;
    store.load(Fill::first, kSome);
    const auto batch = *store.purge({{1}, {2}}).batch;
    store.load(Fill::append, {rate(1, 8, 2, 8)}, 2);  // held back, and pruned
    CHECK(store.prune(std::chrono::seconds{0}).rows == 5);
    store.load(Fill::append, {rate(1, 9, 2, 9)}, 3);  // held back after that
    CHECK(store.rows(1).empty());
    CHECK(batch_named(store, batch).held == 1);

    const auto undone = store.undo(batch);

    CHECK(undone.pruned);
    CHECK(to_text(undone.users) == "1:restored:1 2:erased:0");
    CHECK(store.rows(1) == std::vector{rate(1, 9, 2, 9)});
    CHECK(store.admin().status().excluded_users == 0);
    CHECK(batch_named(store, batch).state == "lifted");
    CHECK(store.undo(batch).already_undone);
  }

  TEST_CASE("a dedupe excludes nobody: pruned, it stays so, whatever undo is asked for") {
    Store store;
    store.load(Fill::first, kSome);
    const auto batch = *store.dedupe().batch;
    (void)store.prune(std::chrono::seconds{0});

    CHECK(store.undo(batch).pruned);

    CHECK(batch_named(store, batch).state == "pruned");
  }

  TEST_CASE("undo of a batch that nobody has pruned does not say so") {
    Store store;
    store.load(Fill::first, kSome);
    (void)store.purge({{3}});
    (void)store.prune(std::chrono::seconds{0});
    const auto batch = *store.purge({{1}}).batch;

    CHECK_FALSE(store.undo(batch).pruned);
  }
}

}  // namespace ratings::test
