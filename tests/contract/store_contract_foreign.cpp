#include "contract/store_contract.hpp"

#include <functional>

namespace ratings::test {
namespace {

struct CleanUpCall {
  const char* name;
  std::function<void()> run;
};

/// Everything that cleans up or lists what was cleaned up; `dry_run` for what can be rehearsed.
std::vector<CleanUpCall> clean_up_calls(const StoreOptions& options, bool dry_run) {
  return {
      {"purge",
       [=] {
         (void)open_clean_up(options)->purge(
             {.users = {{1}}, .reason = {}, .dry_run = dry_run, .max_rows = {}});
       }},
      {"hard purge",
       [=] {
         (void)open_clean_up(options)->purge(
             {.users = {{1}}, .reason = {}, .hard = true, .dry_run = dry_run, .max_rows = {}});
       }},
      {"undo", [=] { (void)open_clean_up(options)->undo({.batch = "purge-1", .dry_run = dry_run}); }},
      {"dedupe", [=] { (void)open_clean_up(options)->dedupe({.users = {}, .dry_run = dry_run}); }},
      {"prune", [=] { (void)open_pruner(options)->prune({.older_than = {}, .dry_run = dry_run}); }},
      {"batches", [=] { (void)open_clean_up(options)->batches(); }},
  };
}

StoreOptions options_of(const StoreUnderTest& store) {
  return {.url = store.url(), .password = {}, .command = "test", .connections = 4};
}

}  // namespace

TEST_SUITE("store: somebody else's") {
  TEST_CASE("clean-ups create nothing where nothing of ours is, rehearsed or not, and say what to run") {
    const auto store = make_store();
    store->run_sql("CREATE TABLE films (id integer)");
    for (const bool dry_run : {true, false}) {
      for (const auto& call : clean_up_calls(options_of(*store), dry_run)) {
        CAPTURE(call.name);
        CAPTURE(dry_run);
        const auto found = caught(call.run);
        CHECK(found.kind == Kind::unreachable);
        CHECK(found.what.find("ratingsctl init") != std::string::npos);
      }
    }
    store->run_sql("CREATE TABLE ratings (id integer)");  // nobody has made one before
  }

  TEST_CASE("clean-ups refuse somebody else's ratings") {
    const auto store = make_store();
    store->run_sql("CREATE TABLE ratings (id integer)");
    for (const auto& call : clean_up_calls(options_of(*store), true)) {
      CAPTURE(call.name);
      CHECK(error_of(call.run) == Kind::guard);
    }
  }

  TEST_CASE("what is loaded after the store's own shell has emptied the table is all ours") {
    Store store;
    store.load(Fill::first, kSome, 1);
    store.run_sql("DELETE FROM ratings");
    CHECK(store.facts().foreign_changes);
    CHECK(store.facts().empty);

    store.load(Fill::first, kSome, 1);

    CHECK_FALSE(store.facts().foreign_changes);
    CHECK_FALSE(store.admin().status().foreign_changes);
    CHECK(store.facts().live.size() == 1);
    store.load(Fill::append, {rate(4, 1, 1, 1)}, 2);
    CHECK_FALSE(store.facts().foreign_changes);
    store.run_sql("DELETE FROM ratings WHERE user_id = 4");
    store.load(Fill::append, {rate(5, 1, 1, 1)}, 3);
    CHECK(store.facts().foreign_changes);  // an append leaves what others did
  }
}

}  // namespace ratings::test
