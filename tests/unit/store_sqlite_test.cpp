// What only the embedded store has: files, locks between processes, the sqlite3 shell.
#include "unit/store_sqlite_rig.hpp"

#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <fstream>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using ratings::Fill;
using ratings::Kind;
using ratings::Rating;
using ratings::test::caught;
using ratings::test::rate;
using Fixture = ratings::test::SqliteFixture;

}  // namespace

TEST_SUITE("sqlite store") {
  TEST_CASE_FIXTURE(Fixture, "readers and clean-ups never create the file, and say what to run") {
    const auto reader = ratings::sqlite::open_history_reader(options);
    const auto positions = ratings::sqlite::open_position_reader(options);
    const auto clean_up = ratings::sqlite::open_clean_up(options);
    const auto admin = ratings::sqlite::open_store_admin(options);

    for (const auto& found :
         {caught([&] { (void)reader->history({1}, soon()); }),
          caught([&] { (void)positions->changes_since({}, soon()); }),
          caught([&] { (void)positions->checks(soon()); }), caught([&] { (void)clean_up->batches(); }),
          caught([&] { (void)clean_up->undo({.batch = "purge-1"}); }),
          caught([&] { (void)admin->status(); })}) {
      CHECK(found.kind == Kind::unreachable);
      CHECK(found.what.find("ratingsctl init") != std::string::npos);
    }
    CHECK(std::filesystem::is_empty(folder.path()));
  }

  TEST_CASE_FIXTURE(Fixture, "readers recover when the file appears, disappears and is replaced by another") {
    const auto reader = ratings::sqlite::open_history_reader(options);
    const auto positions = ratings::sqlite::open_position_reader(options);
    CHECK(caught([&] { (void)reader->history({1}, soon()); }).kind == Kind::unreachable);
    load(Fill::first, {rate(1)});
    CHECK(reader->history({1}, soon()).ratings.size() == 1);
    const auto before = positions->changes_since({}, soon()).state;

    Fixture other;
    other.load(Fill::first, {rate(1), rate(1)});
    std::filesystem::rename(other.path, path);

    CHECK(reader->history({1}, soon()).ratings.size() == 2);
    const auto after = positions->changes_since(before.now, soon());
    CHECK_FALSE(after.known_point);
    CHECK(after.state.store_id != before.store_id);
    std::filesystem::remove(path);
    CHECK(caught([&] { (void)positions->changes_since({}, soon()); }).kind == Kind::unreachable);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a file that is not a database, or has another's table, or a newer schema, is refused") {
    const auto admin = ratings::sqlite::open_store_admin(options);
    std::ofstream{path} << "userId,movieId,rating,timestamp\n" << std::string(5000, 'x');
    auto found = caught([&] { (void)admin->ensure_schema(); });
    CHECK(found.kind == Kind::guard);
    CHECK(found.what.find("not an SQLite database") != std::string::npos);

    std::filesystem::remove(path);
    std::ofstream{path}.flush();
    shell("CREATE TABLE ratings (a, b)");
    found = caught([&] { load(Fill::first, {}); });
    CHECK(found.kind == Kind::guard);
    CHECK(found.what.find("not ratingsctl's") != std::string::npos);

    std::filesystem::remove(path);
    (void)admin->ensure_schema();
    shell("INSERT INTO ratingsctl_schema_migration (version) VALUES (99)");
    for (const auto& newer :
         {caught([&] { (void)admin->ensure_schema(); }), caught([&] { load(Fill::first, {}); }),
          caught([&] { (void)ratings::sqlite::open_history_reader(options)->history({1}, soon()); })}) {
      CHECK(newer.kind == Kind::guard);
      CHECK(newer.what.find("newer ratingsctl") != std::string::npos);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "somebody else's other tables stay untouched beside ours") {
    std::ofstream{path}.flush();
    shell("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')");
    load(Fill::first, {rate(1)});
    ratings::sqlite::Database database{path, ratings::sqlite::Open::existing, 1s};
    CHECK(database.number("SELECT count(*) FROM notes") == 1);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a second command is told who holds the store, and gets it when that one is killed") {
    load(Fill::first, {rate(1)});
    std::array<int, 2> ready{};
    REQUIRE(pipe(ready.data()) == 0);
    const auto holder = fork();
    if (holder == 0) {
      const auto writer = ratings::sqlite::open_rating_writer(options);
      (void)writer->begin();
      writer->start(Fill::replace, 1);
      (void)writer->append(std::array{rate(7)});
      (void)!write(ready[1], "x", 1);
      pause();
      _exit(1);
    }
    char go = 0;
    REQUIRE(read(ready[0], &go, 1) == 1);
    const ratings::sqlite::Patience brief{.other_commands = 60ms, .other_programs = 60ms};
    const auto clean_up = ratings::sqlite::open_clean_up(options, brief);

    const auto found = caught([&] { (void)clean_up->dedupe({.users = {}}); });
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);

    CHECK(found.kind == Kind::guard);
    CHECK(found.what.find("ratingsctl load (pid " + std::to_string(holder) + ") since ") !=
          std::string::npos);
    CHECK(caught([&] { (void)clean_up->dedupe({.users = {}}); }).kind == std::nullopt);
    const auto reader = ratings::sqlite::open_history_reader(options);
    CHECK(reader->history({1}, soon()).ratings.size() == 1);
    CHECK(reader->history({7}, soon()).ratings.empty());
    close(ready[0]);
    close(ready[1]);
  }

  TEST_CASE_FIXTURE(Fixture, "another program's transaction is waited for, then named as the reason") {
    load(Fill::first, {rate(1)});
    ratings::sqlite::Database other{path, ratings::sqlite::Open::existing, 1s};
    other.execute("BEGIN IMMEDIATE");
    const ratings::sqlite::Patience brief{.other_commands = 60ms, .other_programs = 60ms};
    const auto clean_up = ratings::sqlite::open_clean_up(options, brief);

    const auto found = caught([&] { (void)clean_up->purge({.users = {{1}}, .reason = {}, .max_rows = {}}); });
    CHECK(found.kind == Kind::guard);
    CHECK(found.what.find("another program") != std::string::npos);

    other.execute("ROLLBACK");
    CHECK(clean_up->purge({.users = {{1}}, .reason = {}, .max_rows = {}}).rows == 1);
  }

  TEST_CASE_FIXTURE(
      Fixture,
      "an empty file that nobody has open is filled in place, and has a write-ahead log afterwards") {
    std::string at_commit;
    const auto writer = ratings::sqlite::open_rating_writer(options);
    (void)writer->begin();
    writer->start(Fill::first, 1);
    (void)writer->append(std::vector{rate(1)});
    const ratings::LoadedFile file{.name = "f", .hash = {}, .read = 1, .loaded = 1};
    (void)writer->commit({&file, 1}, [&](std::string_view stage) {
      if (stage == "commit") at_commit = std::filesystem::exists(path.string() + "-wal") ? "log" : "in place";
    });

    CHECK(at_commit == "in place");
    CHECK(journal() == "wal");
  }

  TEST_CASE_FIXTURE(
      Fixture, "an empty file that a server has open is filled by way of the log, and the server can read") {
    (void)ratings::sqlite::open_store_admin(options)->ensure_schema();
    const auto reader = ratings::sqlite::open_history_reader(options);
    CHECK(reader->history({1}, soon()).ratings.empty());
    const auto writer = ratings::sqlite::open_rating_writer(options);
    (void)writer->begin();
    writer->start(Fill::first, 1);
    (void)writer->append(std::vector{rate(1)});

    CHECK(reader->history({1}, soon()).ratings.empty());

    const ratings::LoadedFile file{.name = "f", .hash = {}, .read = 1, .loaded = 1};
    (void)writer->commit({&file, 1}, [](const char*) {});
    CHECK(reader->history({1}, soon()).ratings.size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "who comes while a file is filled in place is told by whom") {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto writer = ratings::sqlite::open_rating_writer(options);
      (void)writer->begin();
      writer->start(Fill::first, 1);
      // More than the page cache holds, so that the file itself is written.
      for (int user = 0; user < 1'000; ++user) (void)writer->append(std::vector(1'000, rate(user)));
      raise(SIGSTOP);
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, WUNTRACED) == child);
    REQUIRE(WIFSTOPPED(status));

    const auto found = caught([&] {
      (void)ratings::sqlite::open_history_reader(options)->history({1}, ratings::boot_clock().now() + 50ms);
    });

    CHECK(found.kind == Kind::busy);
    CHECK(found.what.find("locked by ratingsctl load (pid " + std::to_string(child) + ")") !=
          std::string::npos);

    // Killed there, it leaves nothing of its rows, and the next load finds its way.
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, &status, 0) == child);
    load(Fill::first, {rate(7)});
    CHECK(journal() == "wal");
    CHECK(ratings::sqlite::open_store_admin(options)->status().rows == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "waiting for the store can be cancelled") {
    load(Fill::first, {rate(1)});
    const auto first = ratings::sqlite::open_rating_writer(options);
    (void)first->begin();
    const auto second = ratings::sqlite::open_clean_up(options);
    second->cancel();
    CHECK(caught([&] { (void)second->dedupe({.users = {}}); }).kind == Kind::interrupted);
  }

  TEST_CASE_FIXTURE(Fixture, "the shell's conflict rules cannot get past the triggers") {
    load(Fill::first, {rate(1), rate(2), rate(3)});
    const auto positions = ratings::sqlite::open_position_reader(options);
    const auto own = [&](std::int64_t user) { return positions->standing({user}, {}, Fixture::soon()).own; };
    const auto moved = [&](const std::string& sql, std::initializer_list<std::int64_t> users) {
      CAPTURE(sql);
      std::vector<std::int64_t> before;
      for (const auto user : users) before.push_back(own(user));
      shell(sql);
      std::size_t i = 0;
      for (const auto user : users) {
        CAPTURE(user);
        CHECK(own(user) > before[i++]);
      }
    };
    moved("INSERT OR IGNORE INTO ratings VALUES (1, 5, 4, 5)", {1});
    moved("INSERT OR IGNORE INTO ratings VALUES (1, 6, 4, 5)", {1});
    moved("REPLACE INTO ratings (rowid, user_id, movie_id, rating, timestamp) VALUES (2, 9, 1, 1, 1)",
          {2, 9});
    moved("UPDATE OR REPLACE ratings SET rowid = 3 WHERE rowid = 1", {1, 3});
    moved("UPDATE OR IGNORE ratings SET rating = 5 WHERE user_id = 9", {9});
    moved("DELETE FROM ratings", {1, 9});
  }

  TEST_CASE_FIXTURE(Fixture,
                    "the table refuses what the file format refuses, and takes the text that .import sends") {
    load(Fill::first, {});
    for (const char* values :
         {"'x', 1, 1, 1", "-1, 1, 1, 1", "1, 2147483648, 1, 1", "1, 1, 10.5, 1", "1, 1, 'high', 1",
          "1, 1, NULL, 1", "1, 1, 1, -1", "1.5, 1, 1, 1", "1, 1, 1, 253402300800"}) {
      CAPTURE(values);
      CHECK(caught([&] { shell("INSERT INTO ratings VALUES (" + std::string{values} + ")"); }).kind ==
            Kind::store);
    }
    shell("INSERT INTO ratings VALUES ('1', '31', '0.1', '100')");
    const auto rows = ratings::sqlite::open_history_reader(options)->history({1}, soon()).ratings;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0] == Rating{.user = {1}, .movie = {31}, .score = 0.1F, .timestamp = 100});
  }

  TEST_CASE_FIXTURE(Fixture, "a score typed at the shell and the same score loaded are doubles") {
    load(Fill::first, {rate(1, 0.1F), rate(1, 0.1F)});
    shell("INSERT INTO ratings VALUES (1, 1, 0.1, 100), (1, 1, 0.10000000149, 100)");
    CHECK(ratings::sqlite::open_clean_up(options)->dedupe({.users = {}}).rows == 3);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "missing triggers are reported; init puts them back and voids what was read before") {
    load(Fill::first, {rate(1)});
    const auto positions = ratings::sqlite::open_position_reader(options);
    const auto before = positions->standing({1}, {}, soon()).own;
    shell("DROP TRIGGER ratingsctl_delete; DELETE FROM ratings WHERE user_id = 1");
    for (const auto& check : positions->checks(soon())) {
      CHECK(check.ok == (check.name != "triggers"));
      CHECK(check.blocks_cache == (check.name != "columns"));
    }

    const auto admin = ratings::sqlite::open_store_admin(options);
    CHECK(admin->ensure_schema().repaired == std::vector<std::string>{"ratings"});

    CHECK(admin->ensure_schema().repaired.empty());
    for (const auto& check : positions->checks(soon())) CHECK(check.ok);
    CHECK(positions->standing({1}, {}, soon()).own > before);
    CHECK(admin->status().foreign_changes);
  }

  TEST_CASE_FIXTURE(Fixture, "an operator's view and index on ratings survive a replace") {
    load(Fill::first, {rate(1)});
    shell(
        "CREATE VIEW best AS SELECT * FROM ratings WHERE rating >= 5; CREATE INDEX by_movie ON ratings "
        "(movie_id)");
    load(Fill::replace, {rate(2, 5), rate(3, 5)});
    ratings::sqlite::Database database{path, ratings::sqlite::Open::existing, 1s};
    CHECK(database.number("SELECT count(*) FROM best") == 2);
    CHECK(database.number(
              "SELECT count(*) FROM sqlite_master WHERE name IN ('by_movie', 'ratings_user_id')") == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "a directory that cannot be made or written to is a clear error") {
    std::ofstream{folder.path() / "file"}.flush();
    auto inside = options;
    inside.url = "sqlite:" + (folder.path() / "file" / "r.db").string();
    const auto found = caught([&] { (void)ratings::sqlite::open_store_admin(inside)->ensure_schema(); });
    CHECK(found.kind == Kind::store);
    CHECK(found.what.find("file") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "the history of salts is cut to the newest 100,000") {
    load(Fill::first, {rate(1)});
    shell("UPDATE ratingsctl_position SET pos = 150000; INSERT INTO ratings VALUES (1, 2, 3, 4)");
    ratings::sqlite::Database database{path, ratings::sqlite::Open::existing, 1s};
    CHECK(database.number("SELECT count(*) FROM ratingsctl_salt_history") == 1);
    CHECK(database.number("SELECT pos FROM ratingsctl_salt_history") == 150001);
  }
}
