#include "integration/postgres_world.hpp"
#include "postgres/pool.hpp"
#include "support/caught.hpp"

#include "ratings/error.hpp"
#include "ratings/overview.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace ratings;
using namespace std::chrono_literals;

using test::Database;
using test::soon;

namespace {

std::string setting(postgres::Connection& connection, const std::string& name) {
  return connection
      .execute("testing", "SELECT setting || coalesce(unit, '') FROM pg_settings WHERE name = '" + name + "'")
      .text(0, 0);
}

Check check_of(Database& db, const std::string& name) {
  for (auto& check : db.positions->checks(soon())) {
    if (check.name == name) return check;
  }
  FAIL("no check " << name);
  return {};
}

}  // namespace

TEST_SUITE("postgres: connections") {
  TEST_CASE("each purpose has its limits on the server and its name in pg_stat_activity") {
    Database db;
    const auto connect = [&](postgres::Purpose purpose) {
      return postgres::Connection{postgres::conninfo(db.options, purpose), soon()};
    };
    const auto name = [](postgres::Connection& connection) {
      return connection
          .execute("testing", "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
          .text(0, 0);
    };
    auto reader = connect(postgres::Purpose::read);
    CHECK(setting(reader, "statement_timeout") == "2000ms");
    CHECK(setting(reader, "lock_timeout") == "1000ms");
    CHECK(setting(reader, "idle_in_transaction_session_timeout") == "10000ms");
    CHECK(name(reader) == "ratingsctl/test");
    auto validator = connect(postgres::Purpose::validate);
    CHECK(setting(validator, "statement_timeout") == "2000ms");
    CHECK(name(validator) == "ratingsctl/test/validator");
    auto writer = connect(postgres::Purpose::change);
    CHECK(setting(writer, "statement_timeout") == "86400000ms");
    CHECK(setting(writer, "lock_timeout") == "30000ms");
    CHECK(setting(writer, "idle_in_transaction_session_timeout") == "600000ms");
    CHECK(setting(writer, "client_connection_check_interval") == "5000ms");
    CHECK(name(writer) == "ratingsctl/test");
  }

  TEST_CASE("a dead network is noticed, and the URL's own words win") {
    Database db;
    const auto text = postgres::conninfo(db.options, postgres::Purpose::read);
    for (const char* word : {"connect_timeout='3'", "keepalives_idle='10'", "keepalives_interval='5'",
                             "keepalives_count='3'", "tcp_user_timeout='10000'"}) {
      CHECK_MESSAGE(text.find(word) != std::string::npos, word);
    }
    auto options = db.options;
    options.url += "?keepalives_idle=77&application_name=mine";
    const auto own = postgres::conninfo(options, postgres::Purpose::read);
    CHECK(own.find("keepalives_idle='77'") != std::string::npos);
    CHECK(own.find("application_name='mine'") != std::string::npos);
  }

  TEST_CASE("a statement that the server would run for too long ends at the client's deadline or before") {
    Database db;
    postgres::Connection reader{postgres::conninfo(db.options, postgres::Purpose::read), soon()};
    const auto asked = boot_clock().now();
    CHECK_THROWS_AS(reader.execute("testing", "SELECT pg_sleep(60)", {}, asked + 100ms), Error);
    CHECK(reader.broken());  // its late answer must not be taken for another's
    CHECK(boot_clock().now() - asked < 5s);

    postgres::Connection patient{postgres::conninfo(db.options, postgres::Purpose::read), soon()};
    try {
      patient.execute("testing", "SELECT pg_sleep(60)", {}, boot_clock().now() + 20s);
      FAIL("no statement timeout");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::busy);
    }
    CHECK_FALSE(patient.broken());
  }

  TEST_CASE("a person waits for a lock for longer than a request does") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 1, 1)");
    db.run("BEGIN");
    db.run("LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE");
    auto options = db.options;
    options.command = "person";
    options.patient = true;
    const auto reader = open_history_reader(options);
    auto history = std::async(std::launch::async,
                              [&reader] { return reader->history(UserId{1}, boot_clock().now() + 60s); });
    // A request gives up after a second of it.
    await(db,
          "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ratingsctl/person' AND "
          "wait_event_type = 'Lock' AND query_start < now() - interval '1.5 seconds'",
          1);
    db.run("COMMIT");
    CHECK(history.get().ratings.size() == 1);
  }

  TEST_CASE("a pool never has more connections than its size, and refuses those beyond its line at once") {
    Database db;
    auto options = db.options;
    options.command = "pooled";
    const auto text = postgres::conninfo(options, postgres::Purpose::read);
    postgres::Pool pool{text, 2, [](auto&, Instant) {}};
    const auto most = 2 * Seats::kWaitersASeat;
    std::vector<std::jthread> askers;
    std::atomic<int> served{0};
    pool.with(soon(), [&](postgres::Connection&) {
      pool.with(soon(), [&](postgres::Connection&) {
        for (std::size_t i = 0; i < most; ++i) {
          askers.emplace_back([&] {
            pool.with(boot_clock().now() + 60s, [&](postgres::Connection& connection) {
              connection.execute("testing", "SELECT 1");
              ++served;
            });
          });
        }
        while (pool.figures().waiting < most) std::this_thread::yield();
        const auto asked = boot_clock().now();
        CHECK_THROWS_AS(pool.with(asked + 60s, [](postgres::Connection&) {}), Error);
        CHECK(boot_clock().now() - asked < 30s);
        CHECK_FALSE(pool.with_spare(soon(), [](postgres::Connection&) { return 1; }).has_value());
      });
    });
    askers.clear();

    CHECK(served == static_cast<int>(most));
    const auto figures = pool.figures();
    CHECK(figures.size == 2);
    CHECK(figures.in_use == 0);
    CHECK(figures.waits == most);
    CHECK(figures.refused == 1);
    CHECK(figures.timeouts == 0);
    CHECK(figures.waited > 0ns);
    const auto open = db.psql.execute(
        "testing", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ratingsctl/pooled'");
    CHECK(open.int8(0, 0) <= 2);
  }

  TEST_CASE("a reader's spare connection is never its last one") {
    Database db;  // a pool of two
    CHECK(db.reader->spare_history(UserId{1}, soon()).has_value());
    REQUIRE(db.reader->figures().has_value());
    CHECK(db.reader->figures()->size == 2);
    auto options = db.options;
    options.connections = 1;
    CHECK_FALSE(open_history_reader(options)->spare_history(UserId{1}, soon()).has_value());
  }
}

TEST_SUITE("postgres: fitness") {
  TEST_CASE("a logical subscription that may write into ratings is named, until it is dropped") {
    Database db;
    Database publisher;
    publisher.run("CREATE PUBLICATION ours FOR TABLE ratings");
    publisher.run("CREATE PUBLICATION partitions FOR TABLE ratings WITH (publish_via_partition_root = true)");
    publisher.run("CREATE TABLE elsewhere (a int PRIMARY KEY)");
    publisher.run("CREATE PUBLICATION others FOR TABLE elsewhere");
    db.run("CREATE TABLE elsewhere (a int PRIMARY KEY)");
    const std::string never_runs =
        " WITH (enabled = false, create_slot = false, slot_name = NONE, copy_data = false)";
    const auto subscribe = [&](const std::string& publication, const std::string& with) {
      db.run("CREATE SUBSCRIPTION feed CONNECTION '" + publisher.options.url + "' PUBLICATION " +
             publication + with);
    };
    REQUIRE(check_of(db, "replication").ok);
    bool named = true;

    SUBCASE("to a partition") { subscribe("ours", never_runs); }
    SUBCASE("to the table") { subscribe("partitions", never_runs); }
    SUBCASE("that does not know its tables yet") { subscribe("ours", " WITH (connect = false)"); }
    SUBCASE("to another table") {
      subscribe("others", never_runs);
      named = false;
    }

    const auto check = check_of(db, "replication");
    CHECK(check.ok == !named);
    CHECK(check.blocks_cache);
    CHECK((check.detail.find("feed") != std::string::npos) == named);
    const auto listed = db.admin->status().checks;
    CHECK(std::any_of(listed.begin(), listed.end(),
                      [](const Check& one) { return one.name == "replication" && !one.ok; }) == named);
    if (named) db.run("ALTER SUBSCRIPTION feed SET (slot_name = NONE)");
    db.run("DROP SUBSCRIPTION feed");
    CHECK(check_of(db, "replication").ok);
  }

  TEST_CASE(
      "a partition that is detached is named, and so is a trigger of ours that fires for something else") {
    Database db;
    db.run(
        "CREATE TABLE parts AS SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'public.ratings'::regclass ORDER BY 1 LIMIT 1");
    REQUIRE(check_of(db, "partitions").ok);
    db.run("DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE ratings DETACH PARTITION ' || name FROM parts); END $$");
    const auto missing = check_of(db, "partitions");
    CHECK_FALSE(missing.ok);
    CHECK(missing.blocks_cache);

    Database other;
    REQUIRE(check_of(other, "triggers").ok);
    other.run("DROP TRIGGER ratingsctl_delete ON ratings");
    other.run(
        "CREATE TRIGGER ratingsctl_delete AFTER INSERT ON ratings EXECUTE FUNCTION "
        "ratingsctl.mark_changed()");
    other.run("ALTER TABLE ratings ENABLE ALWAYS TRIGGER ratingsctl_delete");
    CHECK_FALSE(check_of(other, "triggers").ok);
  }

  TEST_CASE("a column of ratings with another type is refused, and told") {
    Database db;
    db.run("ALTER TABLE ratings ALTER COLUMN rating TYPE numeric");
    for (const auto& found : {test::caught([&] { (void)open_rating_writer(db.options)->begin(); }),
                              test::caught([&] { (void)db.admin->ensure_schema(); }),
                              test::caught([&] { (void)db.reader->history(UserId{1}, soon()); })}) {
      CHECK(found.kind == Kind::guard);
      CHECK(found.what.find("ratingsctl made: rating is numeric, not real; ") != std::string::npos);
    }
    db.run("ALTER TABLE ratings ALTER COLUMN rating TYPE real");
    CHECK(open_history_reader(db.options)->history(UserId{1}, soon()).ratings.empty());
  }

  TEST_CASE("a login that may only read can make every check, and see the overview") {
    Database db;
    db.run("DROP ROLE IF EXISTS test_looker");
    db.run("CREATE ROLE test_looker LOGIN");
    db.run("GRANT SELECT ON ratings TO test_looker");
    db.run("GRANT SELECT ON ALL TABLES IN SCHEMA ratingsctl TO test_looker");
    auto options = db.options;
    const auto name = options.url.find("//") + 2;
    options.url.replace(name, options.url.find('@') - name, "test_looker");
    const auto checks = open_position_reader(options)->checks(soon());
    for (const auto& check : checks) CHECK_MESSAGE(check.ok, (check.name + ": " + check.detail));
    CHECK(checks.size() == 7);
    CHECK(open_overview_reader(options)->overview(soon()).server.starts_with("PostgreSQL "));
    db.run("DROP OWNED BY test_looker");
    db.run("DROP ROLE test_looker");
  }
}
