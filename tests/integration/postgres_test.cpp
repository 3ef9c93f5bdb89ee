#include "integration/postgres_world.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/connection.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/pool.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"
#include "ratings/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

using namespace ratings;
using namespace std::chrono_literals;

using postgres::CommitOutcome;
using postgres::Connection;
using postgres::conninfo;
using postgres::kMarkTransaction;
using postgres::Purpose;
using postgres::resolve_commit;
using test::await;
using test::Database;
using test::no_watch;
using test::options_for;
using test::soon;

namespace {

using Users = std::vector<std::int64_t>;

}  // namespace

TEST_SUITE("postgres") {
  TEST_CASE("every way psql can change rows moves exactly the users it touched") {
    Database db;
    db.run(
        "INSERT INTO ratings SELECT u, m, 3.5, 1000 + m FROM generate_series(1, 9) u, generate_series(1, 5) "
        "m");
    auto before = db.now();

    SUBCASE("INSERT") {
      db.run("INSERT INTO ratings VALUES (1, 99, 4, 5), (2, 99, 4, 5)");
      CHECK(db.moved_since(before) == Users{1, 2});
    }
    SUBCASE("DELETE") {
      db.run("DELETE FROM ratings WHERE user_id IN (3, 4)");
      CHECK(db.moved_since(before) == Users{3, 4});
    }
    SUBCASE("UPDATE that gives rows to another user marks both") {
      db.run("UPDATE ratings SET user_id = 77 WHERE user_id = 5");
      CHECK(db.moved_since(before) == Users{5, 77});
    }
    SUBCASE("a write straight into the partition") {
      const auto child =
          db.psql.execute("testing", "SELECT inhrelid::regclass::text FROM pg_inherits").text(0, 0);
      db.run("DELETE FROM " + child + " WHERE user_id = 6");
      CHECK(db.moved_since(before) == Users{6});
    }
    SUBCASE("with triggers switched to the replica role") {
      db.run("SET session_replication_role = replica");
      db.run("DELETE FROM ratings WHERE user_id = 7");
      CHECK(db.moved_since(before) == Users{7});
    }
    SUBCASE("a rolled back change moves nobody") {
      db.run("BEGIN");
      db.run("DELETE FROM ratings WHERE user_id = 8");
      db.run("ROLLBACK");
      CHECK(db.now() == before);
    }
    SUBCASE("TRUNCATE raises the floor and begins a generation") {
      const auto generation = db.positions->changes_since(std::nullopt, soon()).state.generation;
      db.run("TRUNCATE ratings");
      const auto state = db.positions->changes_since(std::nullopt, soon()).state;
      CHECK(state.floor > before.position);
      CHECK(state.generation > generation);
    }
  }

  TEST_CASE("a change of more than 10,000 users raises the floor instead of naming them") {
    Database db;
    const auto before = db.now();

    db.run("INSERT INTO ratings SELECT u, 1, 3.5, 1000 FROM generate_series(1, 10001) u");

    const auto changes = db.positions->changes_since(before, soon());
    CHECK(changes.moved.empty());
    CHECK(changes.state.floor == changes.state.now.position);
    CHECK(db.reader->history(UserId{5}, soon()).tag.own == changes.state.floor);
  }

  TEST_CASE("rows and tag of a history come from one snapshot") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 31, 2.5, 1260759144), (1, 30, 2.5, 1260759144)");

    const auto history = db.reader->history(UserId{1}, soon());

    REQUIRE(history.ratings.size() == 2);
    CHECK(history.ratings[0].movie == MovieId{30});
    CHECK(history.tag.read == db.now());
    CHECK(history.tag.own == db.now().position);
    CHECK(db.positions->standing(UserId{1}, history.tag.read, soon()).own == history.tag.own);
  }

  TEST_CASE("values psql's CHECKs let through are the only ones stored") {
    Database db;
    for (const char* bad :
         {"(-1, 1, 1, 1)", "(1, -1, 1, 1)", "(1, 1, 'NaN', 1)", "(1, 1, 10.5, 1)", "(1, 1, 'Infinity', 1)",
          "(1, 1, 1, -1)", "(1, 1, 1, 253402300800)", "(NULL, 1, 1, 1)"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS(db.run(std::string{"INSERT INTO ratings VALUES "} + bad), Error);
    }
    db.run("INSERT INTO ratings VALUES (1, 1, '-0', 1)");
    CHECK_FALSE(std::signbit(db.reader->history(UserId{1}, soon()).ratings.at(0).score));
  }

  TEST_CASE(
      "an unanswered COMMIT is looked for by its mark: its number may be somebody else's after a crash") {
    Database db;
    const auto text = conninfo(db.options, Purpose::change);
    const auto run = [&](const std::vector<const char*>& statements) {
      Connection connection{text, boot_clock().now() + 5s};
      std::string name;
      for (const auto* statement : statements) {
        const auto result = connection.execute("testing", statement);
        if (statement == kMarkTransaction) name = result.text(0, 0);
      }
      return name;
    };

    const auto done = run({"BEGIN", kMarkTransaction, "COMMIT"});
    const auto lost = run({"BEGIN", kMarkTransaction, "ROLLBACK"});
    CHECK((resolve_commit(text, done) == CommitOutcome::committed));
    CHECK((resolve_commit(text, lost) == CommitOutcome::rolled_back));

    // The number of one that is committed, with the mark of the one that was lost; and a number of the
    // future.
    const auto number = done.substr(0, done.find('/'));
    const auto rest = lost.substr(lost.find('/'));
    CHECK((resolve_commit(text, number + rest) == CommitOutcome::rolled_back));
    CHECK((resolve_commit(text, std::to_string(std::stoull(number) + 1'000'000) + rest) ==
           CommitOutcome::rolled_back));
    CHECK((resolve_commit(text, number + "/0000FFFF" + lost.substr(lost.rfind('/'))) ==
           CommitOutcome::unknown));
  }

  TEST_CASE("an unanswered COMMIT that is still under way is waited for") {
    Database db;
    const auto text = conninfo(db.options, Purpose::change);
    Connection connection{text, boot_clock().now() + 5s};
    connection.execute("testing", "BEGIN");
    const auto name = connection.execute("testing", kMarkTransaction).text(0, 0);

    auto outcome = std::async(std::launch::async, [&] { return resolve_commit(text, name); });
    await(db,
          "SELECT least(count(*), 1) FROM pg_stat_activity WHERE datname = current_database() "
          "AND query LIKE '%locktype = ''transactionid''%'",
          1);
    connection.execute("testing", "COMMIT");
    CHECK((outcome.get() == CommitOutcome::committed));
  }

  TEST_CASE("checks name the table whose trigger is missing or disabled") {
    Database db;
    const auto failing = [&] {
      std::string names;
      for (const auto& check : db.positions->checks(soon())) {
        if (!check.ok) names += check.name + ": " + check.detail;
      }
      return names;
    };
    REQUIRE(failing().empty());

    SUBCASE("disabled on the parent") {
      db.run("ALTER TABLE ratings DISABLE TRIGGER ratingsctl_delete");
      CHECK(failing().find("triggers: missing or disabled on ratings") == 0);
    }
    SUBCASE("dropped on the partition") {
      db.run("DROP TRIGGER ratingsctl_insert ON ratingsctl.ratings_1");
      CHECK(failing().find("ratingsctl.ratings_1") != std::string::npos);
    }
  }

  TEST_CASE("init puts broken triggers back, and nothing cached meanwhile is good any more") {
    Database db;
    db.run("INSERT INTO ratings VALUES (5, 1, 4, 1)");
    const auto tag = db.reader->history(UserId{5}, soon()).tag;
    db.run("ALTER TABLE ratings DISABLE TRIGGER ratingsctl_delete");
    db.run("DELETE FROM ratings WHERE user_id = 5");
    REQUIRE(db.positions->standing(UserId{5}, tag.read, soon()).own == tag.own);

    const auto report = db.admin->ensure_schema();

    CHECK(report.repaired == std::vector<std::string>{"ratings"});
    CHECK(db.admin->ensure_schema().repaired.empty());
    CHECK(db.psql
              .execute("testing",
                       "SELECT count(*) FROM ratingsctl.audit WHERE command = 'test' AND batch IS NULL "
                       "AND detail = 'triggers of ratings put back'")
              .int8(0, 0) == 1);
    CHECK(db.positions->standing(UserId{5}, tag.read, soon()).own > tag.own);
    for (const auto& check : db.positions->checks(soon())) CHECK_MESSAGE(check.ok, check.name);
  }

  TEST_CASE("a rehearsal only reads: it neither repairs triggers nor makes a schema") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 4, 1), (1, 1, 4, 1)");
    db.run("DROP TRIGGER ratingsctl_update ON ratings");
    const auto before = db.now();
    const auto clean_up = open_clean_up(db.options);

    CHECK(clean_up->purge({.users = {{1}}, .reason = {}, .dry_run = true, .max_rows = {}}).rows == 2);
    CHECK(clean_up->dedupe({.users = {}, .dry_run = true}).rows == 1);
    (void)clean_up->batches();

    CHECK(db.now() == before);
    const auto checks = db.positions->checks(soon());
    CHECK(std::any_of(checks.begin(), checks.end(),
                      [](const Check& check) { return check.name == "triggers" && !check.ok; }));
    (void)clean_up->purge({.users = {{1}}, .reason = {}, .max_rows = {}});
    for (const auto& check : db.positions->checks(soon())) CHECK_MESSAGE(check.ok, check.name);

    const test::TempDatabase bare;
    CHECK_THROWS_AS((void)open_clean_up(options_for(bare.url()))->dedupe({.users = {}, .dry_run = true}),
                    Error);
  }

  TEST_CASE("connections of a full pool are lent in the order in which they were asked for") {
    Database db;
    postgres::Pool pool{postgres::conninfo(db.options, postgres::Purpose::read), 1, [](auto&, Instant) {}};
    std::mutex mutex;
    std::vector<int> order;
    std::vector<std::thread> askers;
    pool.with(soon(), [&](postgres::Connection&) {
      for (int number = 0; number < 5; ++number) {
        askers.emplace_back([&, number] {
          pool.with(soon(), [&](postgres::Connection&) {
            const std::scoped_lock lock{mutex};
            order.push_back(number);
          });
        });
        while (pool.figures().waiting <= static_cast<std::uint64_t>(number)) std::this_thread::yield();
      }
    });
    for (auto& asker : askers) asker.join();
    CHECK(order == std::vector{0, 1, 2, 3, 4});
  }

  TEST_CASE("undo leaves whom another batch excludes, whatever the statistics say") {
    Database db;
    db.run(
        "INSERT INTO ratings SELECT u, m, 3.5, m FROM generate_series(1, 3000) u, generate_series(1, 20) m");
    db.run("ANALYZE");
    const auto clean_up = open_clean_up(db.options);
    PurgeRequest request;
    for (int user = 1; user <= 3000; ++user) request.users.push_back(UserId{user});
    const auto batch = clean_up->purge(request).batch.value();
    db.run("INSERT INTO ratings VALUES (7, 1, 4, 1)");
    (void)clean_up->purge({.users = {UserId{7}}, .reason = {}, .max_rows = {}});

    const auto result = clean_up->undo({.batch = batch});

    CHECK(result.rows == 2999U * 20U);
  }

  TEST_CASE("a password that was not percent-encoded is refused before libpq quotes it") {
    for (const char* url : {"postgresql://me:s3/cr3t@host/x", "postgresql://me:s3@cr3t@host/x"}) {
      try {
        (void)postgres::conninfo(options_for(url), postgres::Purpose::read);
        FAIL("accepted");
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::usage);
        CHECK(std::string{error.what()}.find("cr3t") == std::string::npos);
      }
    }
  }

  TEST_CASE("a port that cannot be one is a wrong setting, not a server that is away") {
    for (const char* url :
         {"postgresql://me@host:bad/x", "postgresql://me@host:0/x", "host=a,b port=5432,70000"})
      CHECK_THROWS_WITH_AS((void)postgres::conninfo(options_for(url), postgres::Purpose::read),
                           doctest::Contains("is not a number from 1 to 65535"), Error);
    CHECK_NOTHROW((void)postgres::conninfo(options_for("host=a,b port=5432,"), postgres::Purpose::read));
  }

  TEST_CASE("whoever needs a schema says so, readers and clean-up alike") {
    test::TempDatabase temp;
    const auto clean_up = open_clean_up(options_for(temp.url()));
    const std::function<void()> needs[] = {
        [&] { (void)clean_up->purge({.users = {{1}}, .reason = {}, .max_rows = {}}); },
        [&] { (void)clean_up->undo({.batch = "purge-1"}); }, [&] { (void)clean_up->dedupe({}); },
        [&] { (void)clean_up->batches(); }};
    for (const auto& need : needs) {
      try {
        need();
        FAIL("done without a schema");
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::unreachable);
      }
    }
  }

  TEST_CASE("readers say what to do when there is no schema") {
    test::TempDatabase temp;
    const auto reader = open_history_reader(options_for(temp.url()));
    try {
      (void)reader->history(UserId{1}, soon());
      FAIL("a history without a schema");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::unreachable);
      CHECK(std::string{error.what()}.find("ratingsctl load") != std::string::npos);
    }
  }

  TEST_CASE("a role without rights gets an error of the store, not of the network") {
    Database db;
    db.run("DROP ROLE IF EXISTS test_reader");
    db.run("CREATE ROLE test_reader LOGIN");
    auto options = db.options;
    const auto name = options.url.find("//") + 2;
    options.url.replace(name, options.url.find('@') - name, "test_reader");
    try {
      (void)open_clean_up(options)->purge({.users = {UserId{1}}, .reason = {}, .max_rows = {}});
      FAIL("a reader purged");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::store);
    }
    db.run("DROP ROLE test_reader");
  }

  TEST_CASE("somebody else's table is refused and left alone") {
    test::TempDatabase temp;
    postgres::Connection psql{postgres::conninfo(options_for(temp.url()), postgres::Purpose::change), soon()};
    psql.execute("testing", "CREATE TABLE ratings (a int)");
    const auto admin = open_store_admin(options_for(temp.url()));
    try {
      admin->ensure_schema();
      FAIL("the schema was made beside a foreign table");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::guard);
    }
    CHECK(psql.execute("testing", "SELECT to_regnamespace('ratingsctl') IS NULL").boolean(0, 0));
  }

  TEST_CASE("a newer schema is refused") {
    Database db;
    db.run("INSERT INTO ratingsctl.schema_migration (version) VALUES (99)");
    try {
      db.admin->ensure_schema();
      FAIL("a newer schema was accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::guard);
      CHECK(std::string{error.what()}.find("version 99") != std::string::npos);
    }
  }

  TEST_CASE("a command that waits too long names the one that holds the store") {
    Database db;
    auto impatient = db.options;
    impatient.url += (impatient.url.find('?') == std::string::npos ? "?" : "&") +
                     std::string{"options=-c%20lock_timeout%3D300ms"};
    const auto holder = open_rating_writer(
        StoreOptions{.url = db.options.url, .password = {}, .command = "load", .connections = 1});
    holder->begin();
    const auto second = open_clean_up(impatient);
    try {
      (void)second->dedupe({});
      FAIL("two commands changed the store at once");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::guard);
      CHECK(std::string{error.what()}.find("ratingsctl/load (pid ") != std::string::npos);
    }
  }

  TEST_CASE("an unreachable server is named, without the password") {
    auto options = options_for("postgresql://me:s3cret@127.0.0.1:1/x");
    try {
      (void)open_history_reader(options)->history(UserId{1}, soon());
      FAIL("port 1 answered");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::unreachable);
      CHECK(std::string{error.what()}.find("127.0.0.1:1/x") != std::string::npos);
      CHECK(std::string{error.what()}.find("s3cret") == std::string::npos);
    }
  }
}
