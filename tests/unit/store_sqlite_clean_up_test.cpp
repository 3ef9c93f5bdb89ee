// Clean-ups of the embedded store, seen in its files.
#include "unit/store_sqlite_rig.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace ratings::test {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A movie whose number is found in the bytes of a file: SQLite keeps it as these four, first the highest.
constexpr MovieId kMarked{0x5AFE1234};
constexpr std::string_view kMark = "\x5A\xFE\x12\x34";

struct Marked : SqliteFixture {
  Marked() {
    load(Fill::first, {{.user = {1}, .movie = kMarked, .score = 4, .timestamp = 100}, rate(2)});
    REQUIRE(is_in_a_file());
  }
  [[nodiscard]] bool is_in_a_file() const {
    for (const auto& file : std::filesystem::directory_iterator{folder.path()}) {
      if (bytes_of(file.path()).find(kMark) != std::string::npos) return true;
    }
    return false;
  }
};

constexpr sqlite::Patience kBrief{.other_commands = std::chrono::milliseconds{60},
                                  .other_programs = std::chrono::milliseconds{60},
                                  .readers = std::chrono::milliseconds{60}};

CleanUpResult purge_first(CleanUp& clean_up, bool hard, bool dry_run = false) {
  return clean_up.purge({.users = {{1}}, .reason = {}, .hard = hard, .dry_run = dry_run, .max_rows = {}});
}

}  // namespace

TEST_SUITE("sqlite store: clean-ups") {
  TEST_CASE_FIXTURE(Marked, "what was erased for good is in no file of the store, also while a server runs") {
    const auto server = sqlite::open_history_reader(options);
    CHECK(server->history({1}, soon()).ratings.size() == 1);
    const auto clean_up = sqlite::open_clean_up(options);
    SUBCASE("by a hard purge") { CHECK_FALSE(purge_first(*clean_up, true).traces_left); }
    SUBCASE("by pruning the batch that held it") {
      (void)purge_first(*clean_up, false);
      CHECK(is_in_a_file());
      const auto pruned = sqlite::open_pruner(options)->prune({.older_than = {}, .dry_run = false});
      CHECK(pruned.rows == 1);
      CHECK_FALSE(pruned.traces_left);
    }
    CHECK_FALSE(is_in_a_file());
    CHECK(server->history({1}, soon()).ratings.empty());
  }

  TEST_CASE_FIXTURE(Marked,
                    "who reads an older state keeps it in the files, which is said, and is put right later") {
    sqlite::Database reader{path, sqlite::Open::existing, std::chrono::seconds{1}};
    const auto clean_up = sqlite::open_clean_up(options, kBrief);
    const auto pruner = sqlite::open_pruner(options, kBrief);
    const PruneRequest all{.older_than = {}, .dry_run = false};
    {
      const sqlite::Snapshot older{reader};
      CHECK(reader.number("SELECT count(*) FROM ratings") == 2);

      const auto purged = purge_first(*clean_up, true);

      CHECK(purged.rows == 1);
      CHECK(purged.traces_left);
      CHECK(is_in_a_file());
      CHECK(pruner->prune(all).traces_left);
    }
    SUBCASE("by the same purge, which finds nothing else to do") {
      const auto again = purge_first(*clean_up, true);
      CHECK_FALSE(again.batch.has_value());
      CHECK_FALSE(again.traces_left);
    }
    SUBCASE("by a pruning that finds nothing") { CHECK_FALSE(pruner->prune(all).traces_left); }
    CHECK_FALSE(is_in_a_file());
  }

  TEST_CASE_FIXTURE(SqliteFixture,
                    "clean-ups change no byte of an empty or somebody else's file, nor put one beside it") {
    std::ofstream{path}.flush();
    SUBCASE("empty") {}
    SUBCASE("somebody else's") { shell("CREATE TABLE films (id)"); }
    const auto before = bytes_of(path);
    const auto clean_up = sqlite::open_clean_up(options);
    for (const bool dry_run : {true, false}) {
      for (const auto& found :
           {caught([&] { (void)purge_first(*clean_up, false, dry_run); }),
            caught([&] { (void)clean_up->undo({.batch = "purge-1", .dry_run = dry_run}); }),
            caught([&] { (void)clean_up->dedupe({.users = {}, .dry_run = dry_run}); }), caught([&] {
              (void)sqlite::open_pruner(options)->prune({.older_than = {}, .dry_run = dry_run});
            })}) {
        CHECK(found.kind == Kind::unreachable);
        CHECK(found.what.find("is empty; run 'ratingsctl load FILE'") != std::string::npos);
      }
    }
    CHECK(bytes_of(path) == before);
    CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
  }

  TEST_CASE_FIXTURE(
      Marked, "a rehearsal leaves an older schema as it is and says what to run, a change upgrades it") {
    shell(
        "ALTER TABLE ratingsctl_batch DROP COLUMN pruned_at;"
        "DELETE FROM ratingsctl_schema_migration WHERE version = 2");
    const auto clean_up = sqlite::open_clean_up(options);
    const auto pruner = sqlite::open_pruner(options);
    const auto schema = [&] { return sqlite::open_store_admin(options)->status().schema; };
    for (const auto& found : {caught([&] { (void)purge_first(*clean_up, false, true); }),
                              caught([&] { (void)clean_up->undo({.batch = "purge-1", .dry_run = true}); }),
                              caught([&] { (void)clean_up->dedupe({.users = {}, .dry_run = true}); }),
                              caught([&] { (void)pruner->prune({.older_than = {}, .dry_run = true}); }),
                              caught([&] { (void)clean_up->batches(); })}) {
      CHECK(found.kind == Kind::guard);
      CHECK(found.what.find("run 'ratingsctl init' to upgrade it") != std::string::npos);
    }
    CHECK(schema() == 1);

    CHECK(purge_first(*clean_up, false).rows == 1);

    CHECK(schema() == 2);
  }

  TEST_CASE_FIXTURE(Marked, "a rehearsal waits for no other command") {
    const auto batch = *purge_first(*sqlite::open_clean_up(options), false).batch;
    const auto load = sqlite::open_rating_writer(options);
    (void)load->begin();
    load->start(Fill::replace, 1);
    const auto clean_up = sqlite::open_clean_up(options, kBrief);

    CHECK(clean_up->purge({.users = {{2}}, .reason = {}, .dry_run = true, .max_rows = {}}).rows == 1);
    CHECK(clean_up->undo({.batch = batch, .dry_run = true}).rows == 1);
    CHECK(clean_up->dedupe({.users = {}, .dry_run = true}).rows == 0);
    CHECK(sqlite::open_pruner(options, kBrief)->prune({.older_than = {}, .dry_run = true}).rows == 1);
  }
}

}  // namespace ratings::test
