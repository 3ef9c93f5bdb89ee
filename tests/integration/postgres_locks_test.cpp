// Who is named, and after how long, when a change waits in vain.
#include "integration/postgres_world.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"

#include <chrono>
#include <future>
#include <string>

namespace ratings::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWriters = "locktype = 'advisory' AND classid = 1918989413 AND objid = 1";

/// Purges user 1 beside the test, over a connection of that patience and name.
std::future<std::string> purging(const Database& db, std::chrono::milliseconds patience,
                                 const char* command) {
  auto options = db.options;
  options.command = command;
  options.url += (options.url.find('?') == std::string::npos ? "?" : "&") +
                 std::string{"options=-c%20lock_timeout%3D"} + std::to_string(patience.count()) + "ms";
  return std::async(std::launch::async, [options]() -> std::string {
    try {
      PurgeRequest request;
      request.users = {UserId{1}};
      (void)open_clean_up(options)->purge(request);
      return "done";
    } catch (const Error& error) {
      return error.what();
    }
  });
}

std::string pid_of(Database& db) {
  return "(pid " + db.psql.execute("testing", "SELECT pg_backend_pid()::text").text(0, 0) + ",";
}

/// Of our database alone: other tests use the same server.
std::string count_of(const std::string& condition) {
  return "SELECT count(*) FROM pg_locks WHERE " + condition +
         " AND (database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = "
         "current_database()))";
}

}  // namespace

TEST_SUITE("postgres: locks") {
  TEST_CASE("who waits behind a waiter names the one that both wait for") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 1, 1)");
    db.run("BEGIN");
    db.run("UPDATE ratings SET rating = 2");
    const auto somebody = pid_of(db);
    auto first = purging(db, 30s, "first");
    const std::string first_waits =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ratingsctl/first' "
        "AND datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    await(db, first_waits, 1);

    const auto said = purging(db, 300ms, "second").get();

    CHECK(said.find("waited 30 s for ratingsctl/test " + somebody) != std::string::npos);
    CAPTURE(said);
    db.run("ROLLBACK");
    CHECK(first.get() == "done");
  }

  TEST_CASE("who had the writers' lock does not name the one that came behind") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 1, 1)");
    db.run("BEGIN");
    db.run("UPDATE ratings SET rating = 2");
    const auto somebody = pid_of(db);
    auto first = purging(db, 3s, "first");
    await(db, count_of(std::string{kWriters} + " AND granted"), 1);
    auto second = purging(db, 30s, "second");
    await(db, count_of(std::string{kWriters} + " AND NOT granted"), 1);

    const auto said = first.get();

    CAPTURE(said);
    CHECK(said.find("waited 30 s for ratingsctl/test " + somebody) != std::string::npos);
    db.run("ROLLBACK");
    CHECK(second.get() == "done");
  }

  TEST_CASE("waits for one lock after the other do not add up") {
    constexpr auto kPatience = 4s;
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 1, 1)");
    db.run("BEGIN");
    db.run("UPDATE ratings SET rating = 2");
    postgres::Connection writer{postgres::conninfo(db.options, postgres::Purpose::change), soon()};
    writer.execute("testing", "SELECT pg_advisory_lock(1918989413, 1)");
    const auto began = boot_clock().now();
    auto late = purging(db, kPatience, "late");
    await(db, count_of(std::string{kWriters} + " AND NOT granted"), 1);
    boot_clock().sleep_until(began + kPatience * 3 / 4);  // the time that it has to lose
    writer.execute("testing", "SELECT pg_advisory_unlock(1918989413, 1)");

    const auto said = late.get();

    CHECK(said.find("waited 30 s for ratingsctl/test " + pid_of(db)) != std::string::npos);
    CHECK(boot_clock().now() - began < kPatience * 3 / 2);
  }
}

}  // namespace ratings::test
