#include "contract/store_contract.hpp"

#include "ratings/rating_scan.hpp"

#include <algorithm>
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

/// What needs the ratings themselves, and may create, upgrade or change something.
std::vector<CleanUpCall> calls_for_ratings(const StoreOptions& options) {
  auto calls = clean_up_calls(options, false);
  for (auto& rehearsed : clean_up_calls(options, true)) calls.push_back(std::move(rehearsed));
  calls.push_back({"init", [=] { (void)open_store_admin(options)->ensure_schema(); }});
  calls.push_back({"load", [=] { (void)open_rating_writer(options)->begin(); }});
  calls.push_back({"query", [=] { (void)open_history_reader(options)->history({1}, Store::deadline()); }});
  calls.push_back({"export", [=] { (void)open_rating_scan(options)->each({}, [](const Rating&) {}); }});
  return calls;
}

/// All of them are refused for that reason, and the checks give it.
void check_refused(Store& store, const std::string& reason) {
  for (const auto& call : calls_for_ratings(store.options())) {
    CAPTURE(call.name);
    const auto found = caught(call.run);
    CHECK(found.kind == Kind::guard);
    CHECK_MESSAGE(found.what.find(reason) != std::string::npos, found.what);
    CHECK(found.what.find("; give ours back its name and its form, or restore a backup; to begin anew, ") !=
          std::string::npos);
  }
  const auto checks = store.admin().status().checks;
  const auto schema =
      std::find_if(checks.begin(), checks.end(), [](const Check& check) { return check.name == "schema"; });
  REQUIRE(schema != checks.end());
  CHECK_FALSE(schema->ok);
  CHECK(schema->blocks_cache);
  CHECK_MESSAGE(schema->detail.find(reason) != std::string::npos, schema->detail);
}

constexpr const char* kNotOurs = "ratings is not the one that ratingsctl made: ";

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

  TEST_CASE("a ratings of somebody else's in the place of ours is refused, and its form is told") {
    Store store;
    store.load(Fill::first, kSome, 1);
    store.run_sql("DROP TABLE ratings");
    SUBCASE("with other columns") {
      store.run_sql("CREATE TABLE ratings (id integer)");
      check_refused(store, kNotOurs);
    }
    SUBCASE("with columns of the same names") {
      store.run_sql(
          "CREATE TABLE ratings (user_id bigint, movie_id integer, rating real, \"timestamp\" bigint)");
      check_refused(store, kNotOurs);
    }
    SUBCASE("that is a view") {
      store.run_sql("CREATE VIEW ratings AS SELECT 1 AS user_id, 2 AS movie_id, 3.0 AS rating, 4 AS t");
      check_refused(store, kNotOurs);
    }
    SUBCASE("or nothing at all") { check_refused(store, "ratings is missing: renamed, or dropped"); }
  }

  TEST_CASE("our table under another name is missed, and all is well once it has its own again") {
    Store store;
    store.load(Fill::first, kSome, 1);
    store.run_sql("ALTER TABLE ratings RENAME TO elsewhere");
    check_refused(store, "ratings is missing: renamed, or dropped");

    store.run_sql("ALTER TABLE elsewhere RENAME TO ratings");

    for (const auto& check : store.admin().status().checks) CHECK_MESSAGE(check.ok, check.detail);
    CHECK(store.rows(1).size() == 3);
    CHECK(store.facts().live.size() == 1);
  }

  TEST_CASE("a column that somebody has added takes no part in loads") {
    Store store;
    store.run_sql("ALTER TABLE ratings ADD COLUMN note text DEFAULT 'new'");
    for (const auto fill : {Fill::first, Fill::append, Fill::replace}) {
      store.load(fill, {rate(1, 31, 2.5F, 100)}, 1);
      store.load(Fill::append, {rate(2, 31, 2.5F, 100)}, 2);
    }
    CHECK(store.admin().status().rows == 2);
    const auto batch = *store.purge({{1}}).batch;
    CHECK(store.undo(batch).rows == 1);
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
