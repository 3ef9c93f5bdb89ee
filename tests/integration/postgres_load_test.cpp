#include "integration/postgres_world.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/partition_hash.hpp"
#include "postgres/sql.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace ratings;
using namespace std::chrono_literals;
using test::Database;
using test::no_watch;
using test::options_for;
using test::soon;

namespace {

std::vector<LoadedFile> one_row() {
  return {{.name = "a.csv", .hash = {}, .bytes = 1, .read = 1, .loaded = 1}};
}

/// Every table that is a child of ratings, or was made to be one.
std::string tables(Database& db) {
  return db.psql
      .execute("testing",
               "SELECT coalesce(string_agg(oid::regclass::text, ' ' ORDER BY relname), '') FROM pg_class "
               "WHERE relnamespace = 'ratingsctl'::regnamespace AND relkind = 'r' AND relname ~ '^ratings_'")
      .text(0, 0);
}

/// A load of one row of `user` by `lanes` connections.
LoadCommit load_one(const StoreOptions& options, Fill fill, std::int64_t user, std::size_t lanes) {
  const auto writer = open_rating_writer(options);
  (void)writer->begin();
  writer->start(fill, lanes);
  (void)writer->append(std::vector<Rating>{{UserId{user}, MovieId{1}, 4, 1}});
  return writer->commit(one_row(), no_watch);
}

}  // namespace

TEST_SUITE("postgres load") {
  TEST_CASE("rows that psql writes while a first load runs are not lost") {
    Database db;
    const auto writer = open_rating_writer(db.options);
    writer->begin();
    writer->start(Fill::first, 1);
    const std::vector<Rating> rows{{UserId{1}, MovieId{1}, 4, 1}};
    writer->append(rows);
    db.run("INSERT INTO ratings VALUES (9, 9, 1, 1)");

    CHECK_THROWS_AS((void)writer->commit(one_row(), no_watch), Error);

    CHECK(db.reader->history(UserId{9}, soon()).ratings.size() == 1);
    CHECK(db.reader->history(UserId{1}, soon()).ratings.empty());
    CHECK(tables(db) == "ratingsctl.ratings_1");
  }

  TEST_CASE("replace keeps the table's identity, grants and views") {
    Database db;
    db.run("CREATE VIEW seen AS SELECT * FROM ratings");
    const auto oid = db.psql.execute("testing", "SELECT 'ratings'::regclass::oid::bigint").int8(0, 0);
    const auto writer = open_rating_writer(db.options);
    writer->begin();
    writer->start(Fill::replace, 3);
    writer->append(std::vector<Rating>{{UserId{4}, MovieId{1}, 4, 1}});
    const auto done = writer->commit(one_row(), no_watch);

    CHECK(done.generation == 2);
    CHECK(db.psql.execute("testing", "SELECT 'ratings'::regclass::oid::bigint").int8(0, 0) == oid);
    CHECK(db.psql.execute("testing", "SELECT user_id FROM seen").int8(0, 0) == 4);
    CHECK(tables(db) == "ratingsctl.ratings_2 ratingsctl.ratings_3 ratingsctl.ratings_4");
    const auto checks = db.positions->checks(soon());
    CHECK(std::ranges::all_of(checks, &Check::ok));
  }

  TEST_CASE("users go to the partition where PostgreSQL looks for them") {
    Database db;
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    std::vector<std::int64_t> users{0,
                                    1,
                                    -1,
                                    std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min(),
                                    1LL << 32,
                                    (1LL << 32) - 1};
    for (int i = 0; i < 2000; ++i) users.push_back(static_cast<std::int64_t>(random()) >> (random() % 64));
    std::string values;
    for (const auto user : users) values += (values.empty() ? "" : ",") + std::to_string(user);
    for (const std::uint32_t modulus : {1U, 2U, 3U, 7U, 64U}) {
      std::string remainders;
      for (const auto user : users)
        remainders +=
            (remainders.empty() ? "" : ",") + std::to_string(postgres::partition_of(UserId{user}, modulus));
      const postgres::Param params[] = {"{" + values + "}", "{" + remainders + "}", std::to_string(modulus)};
      const auto wrong =
          db.psql.execute("testing",
                          "SELECT count(*) FROM unnest($1::bigint[], $2::integer[]) AS t (u, r) WHERE NOT "
                          "satisfies_hash_partition('ratings'::regclass, $3::integer, r, u)",
                          params, soon());
      CHECK(wrong.int8(0, 0) == 0);
    }
  }

  TEST_CASE("a store of version 1 is upgraded with its rows, and loads by several connections afterwards") {
    const test::TempDatabase temp;
    const auto options = options_for(temp.url());
    postgres::Connection psql{postgres::conninfo(options, postgres::Purpose::change), soon()};
    // Several statements in one text: the simple protocol, which Connection has no other use for.
    PQclear(PQexec(psql.raw(), std::string{postgres::sql::schema_001}.c_str()));
    psql.execute("testing", "INSERT INTO ratings VALUES (1, 2, 3, 4)");
    const doctest::Contains told{"it is version 1, this program needs 5; run 'ratingsctl init'"};
    CHECK_THROWS_WITH_AS((void)open_history_reader(options)->history(UserId{1}, soon()), told, Error);
    CHECK_THROWS_WITH_AS((void)open_store_admin(options)->status(), told, Error);

    const auto report = open_store_admin(options)->ensure_schema();

    CHECK(report.found == 1);
    CHECK(report.now == 5);
    CHECK(open_history_reader(options)->history(UserId{1}, soon()).ratings.size() == 1);
    load_one(options, Fill::replace, 7, 2);
    const auto reader = open_history_reader(options);
    CHECK(reader->history(UserId{7}, soon()).ratings.size() == 1);
    CHECK(reader->history(UserId{1}, soon()).ratings.empty());
  }

  TEST_CASE("what version 2 had in quarantine is given back, counted and erased after the upgrade") {
    const test::TempDatabase temp;
    const auto options = options_for(temp.url());
    postgres::Connection psql{postgres::conninfo(options, postgres::Purpose::change), soon()};
    // As version 2 left it: user 2 purged with two equal records and one that a later load held back, user 3
    // by another batch.
    const std::string version_2 =
        std::string{postgres::sql::schema_001} + std::string{postgres::sql::schema_002} +
        "INSERT INTO ratings VALUES (1, 7, 3.5, 100);"
        "INSERT INTO ratingsctl.batch (kind, who, generation, users, rows) VALUES ('purge', 'anna', 1, 1, 2),"
        " ('purge', 'anna', 1, 1, 1);"
        "INSERT INTO ratingsctl.quarantine VALUES (2, 8, 4.5, 200, 1, 1, false), (2, 8, 4.5, 200, 1, 1, "
        "false),"
        " (2, 9, 0.5, 300, 1, 1, true), (3, 7, 1, 400, 2, 1, false);"
        "INSERT INTO ratingsctl.exclusion VALUES (2, 1), (3, 2);";
    PQclear(PQexec(psql.raw(), version_2.c_str()));

    const auto report = open_store_admin(options)->ensure_schema();
    const auto clean_up = open_clean_up(options);
    const auto batches = clean_up->batches();
    const auto undone = clean_up->undo({.batch = "purge-1"});
    const auto again = clean_up->undo({.batch = "purge-1"});

    CHECK(report.found == 2);
    REQUIRE(batches.size() == 2);
    CHECK(undone.rows == 3);
    CHECK(again.already_undone);
    const auto reader = open_history_reader(options);
    const auto history = reader->history(UserId{2}, soon());
    const std::vector<Rating> expected{{UserId{2}, MovieId{8}, 4.5F, 200},
                                       {UserId{2}, MovieId{8}, 4.5F, 200},
                                       {UserId{2}, MovieId{9}, 0.5F, 300}};
    CHECK(history.ratings == expected);
    CHECK(reader->history(UserId{1}, soon()).ratings.size() == 1);
    CHECK(reader->history(UserId{3}, soon()).ratings.empty());
    const auto pruned = open_pruner(options)->prune({.older_than = 0s, .dry_run = false});
    CHECK(pruned.batches.size() == 1);
    const auto left = psql.execute("testing", "SELECT count(*) FROM ratingsctl.quarantine");
    CHECK(left.int8(0, 0) == 0);
  }

  TEST_CASE("what a killed load left is shown by status, and removed by the next load") {
    Database db;
    load_one(db.options, Fill::first, 1, 2);
    const auto mine = tables(db);
    // As a load does it, up to the moment before the swap.
    db.run("SELECT ratingsctl.make_child(2, 0)");
    db.run(
        "INSERT INTO ratingsctl.ratings_4 SELECT 4, 1, 1, 1 FROM generate_series(1, 100) "
        "WHERE satisfies_hash_partition('ratings'::regclass, 2, 0, 4::bigint)");
    db.run("CREATE INDEX ON ratingsctl.ratings_4 (user_id)");
    REQUIRE(tables(db) == mine + " ratingsctl.ratings_4");
    CHECK(db.admin->status().leftover_bytes > 0);

    load_one(db.options, Fill::append, 2, 1);

    CHECK(tables(db) == mine);
    CHECK(db.admin->status().leftover_bytes == 0);
    CHECK(db.admin->status().rows == 2);
  }

  TEST_CASE("what a load leaves that is killed while another one waits for it is gone, even if that fails") {
    Database db;
    load_one(db.options, Fill::first, 1, 2);
    const auto mine = tables(db);
    auto holder = std::make_unique<postgres::Connection>(
        postgres::conninfo(db.options, postgres::Purpose::change), soon());
    holder->execute("testing", "BEGIN");
    holder->execute("testing", std::string{"SELECT pg_advisory_xact_lock("} + postgres::kChangeLock + ")");
    const auto writer = open_rating_writer(db.options);
    auto beginning = std::async(std::launch::async, [&] { return writer->begin(); });
    const auto waits =
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while (db.psql.execute("testing", waits).rows() == 0) {
      REQUIRE(beginning.wait_for(1ms) == std::future_status::timeout);
    }
    // As the holder's children commit, just before it is killed.
    db.run("SELECT ratingsctl.make_child(2, 0)");
    REQUIRE(tables(db) != mine);
    holder.reset();
    (void)beginning.get();
    writer->start(Fill::replace, 1);

    // It stored nothing of the row that this file is said to have.
    CHECK_THROWS_AS((void)writer->commit(one_row(), no_watch), Error);

    CHECK(tables(db) == mine);
    CHECK(db.admin->status().leftover_bytes == 0);
  }

  TEST_CASE("an operator's own index of ratings is built before the swap, not while readers wait for it") {
    Database db;
    db.run(R"(CREATE INDEX "by USING film" ON ratings USING btree (movie_id, "timestamp") WHERE rating > 4)");

    load_one(db.options, Fill::first, 1, 2);

    const auto attached =
        db.psql.execute("testing",
                        "SELECT count(DISTINCT i.inhrelid), count(*) FILTER (WHERE a.xmin = i.xmin) "
                        "FROM pg_inherits AS i JOIN pg_attribute AS a ON a.attrelid = i.inhrelid "
                        "WHERE i.inhparent IN ('ratings_user_id'::regclass, '\"by USING film\"'::regclass)");
    CHECK(attached.int8(0, 0) == 4);
    CHECK(attached.int8(0, 1) == 0);
  }

  TEST_CASE("a child that somebody detached is theirs: no load removes it") {
    Database db;
    load_one(db.options, Fill::first, 1, 2);
    const auto child = db.psql.execute("testing", "SELECT tableoid::regclass::text FROM ratings").text(0, 0);
    db.run("ALTER TABLE ratings DETACH PARTITION " + child);
    CHECK(db.admin->status().leftover_bytes == 0);

    load_one(db.options, Fill::replace, 2, 2);

    CHECK(db.psql.execute("testing", "SELECT user_id FROM " + child).int8(0, 0) == 1);
  }

  TEST_CASE("the sample gives way to a first file, but never with rows that somebody wrote meanwhile") {
    Database db;
    load_one(db.options, Fill::first, 1, 1);
    const auto writer = open_rating_writer(db.options);
    (void)writer->begin();
    writer->start(Fill::renew, 2);
    writer->append(std::vector<Rating>{{UserId{4}, MovieId{1}, 4, 1}});
    db.run("INSERT INTO ratings VALUES (9, 9, 1, 1)");

    CHECK_THROWS_WITH_AS((void)writer->commit(one_row(), no_watch),
                         doctest::Contains("somebody changed ratings meanwhile"), Error);

    CHECK(db.reader->history(UserId{9}, soon()).ratings.size() == 1);
    CHECK(db.reader->history(UserId{1}, soon()).ratings.size() == 1);
    load_one(db.options, Fill::renew, 4, 2);
    CHECK(db.reader->history(UserId{9}, soon()).ratings.empty());
  }

  TEST_CASE("an append that waits too long behind somebody at psql names them") {
    Database db;
    load_one(db.options, Fill::first, 1, 1);
    db.run("BEGIN");
    db.run("INSERT INTO ratings VALUES (9, 9, 1, 1)");
    auto impatient = db.options;
    impatient.url += (impatient.url.find('?') == std::string::npos ? "?" : "&") +
                     std::string{"options=-c%20lock_timeout%3D300ms"};

    CHECK_THROWS_WITH_AS(load_one(impatient, Fill::append, 2, 1),
                         doctest::Contains("waited 30 s for ratingsctl/test (pid "), Error);

    db.run("ROLLBACK");
    CHECK(db.admin->status().rows == 1);
  }

  TEST_CASE("a file of any name is kept in the ledger and the audit log, as text") {
    Database db;
    const auto writer = open_rating_writer(db.options);
    (void)writer->begin();
    writer->start(Fill::first, 1);
    writer->append(std::vector<Rating>{{UserId{4}, MovieId{1}, 4, 1}});
    auto files = one_row();
    files[0].name = "bad\xff \xc3\xa4.csv";
    (void)writer->commit(files, no_watch);
    CHECK(db.admin->status().last_loads.at(0).name == "bad\\xff \xc3\xa4.csv");
    CHECK(
        db.psql.execute("testing", "SELECT detail FROM ratingsctl.audit WHERE command = 'load'").text(0, 0) ==
        "bad\\xff \xc3\xa4.csv");
  }

  TEST_CASE("a connection that is lost in the middle ends the load at once: nothing is left") {
    Database db;
    load_one(db.options, Fill::first, 1, 2);
    const auto before = tables(db);
    for (const auto fill : {Fill::replace, Fill::append}) {
      const auto writer = open_rating_writer(db.options);
      (void)writer->begin();
      writer->start(fill, 2);
      const auto ended =
          db.psql.execute("testing",
                          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                          "current_database() AND query LIKE 'COPY %' AND state = 'active'");
      CHECK(ended.int8(0, 0) == (fill == Fill::replace ? 2 : 1));
      std::vector<Rating> rows;
      for (std::int64_t user = 0; user < 1000; ++user) rows.push_back({UserId{user}, MovieId{1}, 4, 1});

      // 8 MB a stream: far more than the sockets between us hold.
      const auto send_much = [&] {
        for (int i = 0; i < 400; ++i) (void)writer->append(rows);
      };
      CHECK_THROWS_AS(send_much(), Error);
    }
    CHECK(db.admin->status().rows == 1);
    CHECK(tables(db) == before);
  }

  TEST_CASE("a load whose lock is lost ends with the next rows, or before it indexes them: nothing is left") {
    Database db;
    load_one(db.options, Fill::first, 1, 2);
    const auto before = tables(db);
    for (const bool all_read : {false, true}) {
      CAPTURE(all_read);
      const auto writer = open_rating_writer(db.options);
      (void)writer->begin();
      writer->start(Fill::replace, 2);
      const std::vector<Rating> row{{UserId{4}, MovieId{1}, 4, 1}};
      if (all_read) (void)writer->append(row);
      const auto ended =
          db.psql.execute("testing",
                          "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
                          "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
      REQUIRE(ended.rows() == 1);
      REQUIRE(ended.boolean(0, 0));
      std::string entered;

      if (all_read) {
        CHECK_THROWS_AS((void)writer->commit(one_row(), [&](const char* stage) { entered += stage; }), Error);
      } else {
        CHECK_THROWS_AS((void)writer->append(row), Error);
      }

      CHECK(entered.empty());
    }
    CHECK(db.admin->status().rows == 1);
    CHECK(tables(db) == before);
  }

  TEST_CASE("a swap waits for a long reader, and no reader waits behind it") {
    Database db;
    load_one(db.options, Fill::first, 1, 1);
    db.run("BEGIN");
    db.run("SELECT * FROM ratings");
    std::thread load{[&] { load_one(db.options, Fill::replace, 2, 2); }};
    // A reader's statement gives up after a second behind a lock: 200 reads cannot all slip past one that is
    // queued.
    for (int i = 0; i < 200; ++i) {
      CHECK(db.reader->history(UserId{1}, soon()).ratings.size() == 1);
      std::this_thread::sleep_for(5ms);  // a second in all, as long as five tries for the lock
    }
    db.run("COMMIT");
    load.join();
    CHECK(db.reader->history(UserId{2}, soon()).ratings.size() == 1);
  }
}
