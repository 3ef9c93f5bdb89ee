// What the trigger of a DELETE puts into quarantine, and what not (lib/sql/postgres/004_purge.sql).
#include "integration/postgres_world.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace ratings;

using test::Database;
using test::soon;

namespace {

PurgeRequest of_user_1() {
  PurgeRequest request;
  request.users = {UserId{1}};
  return request;
}

CleanUpResult purge_user_1(CleanUp& clean_up) { return clean_up.purge(of_user_1()); }

std::string quarantined(Database& db) {
  return db.psql
      .execute(
          "testing",
          "SELECT coalesce(string_agg(user_id || ':' || movie_id || ':' || rating, ' ' ORDER BY user_id, "
          "movie_id), '') FROM ratingsctl.quarantine")
      .text(0, 0);
}

bool somebody_waits_for_a_row(postgres::Connection& watch) {
  return watch
             .execute("testing",
                      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                      "wait_event = 'transactionid'")
             .int8(0, 0) == 1;
}

/// Ends the open transaction of `db` when the purge waits for a row that it has changed.
CleanUpResult purge_that_waits(Database& db, CleanUp& clean_up, const PurgeRequest& request) {
  postgres::Connection watch{postgres::conninfo(db.options, postgres::Purpose::read), soon()};
  auto purge = std::async(std::launch::async, [&] { return clean_up.purge(request); });
  const auto deadline = soon();
  while (!somebody_waits_for_a_row(watch) && boot_clock().now() < deadline) continue;
  db.run("COMMIT");
  return purge.get();
}

}  // namespace

TEST_SUITE("postgres purge") {
  TEST_CASE("a purge that waited for somebody's change keeps and gives back what they made of the rows") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 7, 3, 1), (1, 8, 3, 2), (2, 7, 3, 3)");
    const auto clean_up = open_clean_up(db.options);
    db.run("BEGIN");
    db.run("UPDATE ratings SET rating = 5 WHERE user_id = 1 AND movie_id = 7");
    db.run("DELETE FROM ratings WHERE user_id = 1 AND movie_id = 8");

    const auto purged = purge_that_waits(db, *clean_up, of_user_1());

    CHECK(purged.rows == 1);
    CHECK(quarantined(db) == "1:7:5");
    (void)clean_up->undo({.batch = purged.batch.value()});
    const std::vector<Rating> expected{{UserId{1}, MovieId{7}, 5, 1}};
    CHECK(db.reader->history(UserId{1}, soon()).ratings == expected);
  }

  TEST_CASE("a purge that waited for somebody takes also what they added of its users") {
    for (const bool hard : {false, true}) {
      CAPTURE(hard);
      Database db;
      db.run("INSERT INTO ratings VALUES (1, 7, 3, 1), (3, 7, 3, 3)");
      const auto clean_up = open_clean_up(db.options);
      db.run("BEGIN");
      db.run("INSERT INTO ratings VALUES (1, 8, 4, 2), (2, 8, 4, 2), (4, 8, 4, 2)");
      db.run("UPDATE ratings SET user_id = 1 WHERE user_id = 3");

      PurgeRequest request;
      request.users = {UserId{1}, UserId{2}};
      request.hard = hard;
      const auto purged = purge_that_waits(db, *clean_up, request);

      CHECK(purged.rows == 4);
      CHECK(purged.user_count == 2);
      CHECK(db.reader->history(UserId{1}, soon()).ratings.empty());
      CHECK(db.reader->history(UserId{2}, soon()).ratings.empty());
      CHECK(db.reader->history(UserId{4}, soon()).ratings.size() == 1);
      CHECK(quarantined(db) == (hard ? "" : "1:7:3 1:7:3 1:8:4 2:8:4"));
    }
  }

  TEST_CASE("a purge sees what it waited for however strictly the database isolates transactions") {
    for (const auto* const level : {"repeatable read", "serializable"}) {
      CAPTURE(level);
      Database db;
      db.run("INSERT INTO ratings VALUES (1, 7, 3, 1)");
      db.run(std::string{"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = "
                         "%L', current_database(), '"} +
             level + "'); END $$");
      db.run("BEGIN");
      db.run("UPDATE ratings SET rating = 5 WHERE user_id = 1");

      CHECK(purge_that_waits(db, *open_clean_up(db.options), of_user_1()).rows == 1);
      CHECK(quarantined(db) == "1:7:5");
    }
  }

  TEST_CASE("the audit says for what reason somebody was purged") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 7, 3, 1)");
    auto request = of_user_1();
    request.reason = "bots, ticket 7";

    (void)open_clean_up(db.options)->purge(request);

    CHECK(db.psql
              .execute("testing",
                       "SELECT command || ': ' || detail FROM ratingsctl.audit ORDER BY id DESC LIMIT 1")
              .text(0, 0) == "purge-user: bots, ticket 7");
  }

  TEST_CASE("a DELETE at psql puts nothing into quarantine, whatever was purged before") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 7, 3, 1), (2, 7, 3, 3)");
    (void)purge_user_1(*open_clean_up(db.options));

    db.run("DELETE FROM ratings WHERE user_id = 2");

    CHECK(quarantined(db) == "1:7:3");
  }

  TEST_CASE("a purge whose rows did not reach quarantine changes nothing and says what to do") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 7, 3, 1)");
    // As an older version's function, put back by somebody's dump.
    db.run(
        "CREATE OR REPLACE FUNCTION ratingsctl.mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM ratingsctl.advance(true); RETURN NULL; END $$");

    CHECK_THROWS_WITH_AS((void)purge_user_1(*open_clean_up(db.options)),
                         doctest::Contains("of 1 deleted rows 0 are in quarantine; nothing was changed"),
                         Error);
    CHECK(db.reader->history(UserId{1}, soon()).ratings.size() == 1);
  }
}
