#include "integration/postgres_world.hpp"

#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"

#include <doctest/doctest.h>

#include <stop_token>
#include <thread>
#include <vector>

using namespace ratings;
using namespace std::chrono_literals;

using test::Database;
using test::no_watch;
using test::options_for;

namespace {

constexpr auto kLongEnough = 5s;  // for a hint that is to come
constexpr auto kConnecting = 500ms;
const std::stop_token kGoOn;

void load_one(const StoreOptions& options, Fill fill) {
  const auto writer = open_rating_writer(options);
  (void)writer->begin();
  writer->start(fill, 2);
  (void)writer->append(std::vector<Rating>{{UserId{3}, MovieId{1}, 4, 1}});
  const std::vector<LoadedFile> file{{.name = "a.csv", .hash = {}, .bytes = 1, .read = 1, .loaded = 1}};
  (void)writer->commit(file, no_watch);
}

void purge(const StoreOptions& options, std::int64_t user) {
  (void)open_clean_up(options)->purge({.users = {UserId{user}}, .reason = {}, .max_rows = {}});
}

}  // namespace

TEST_SUITE("postgres hints") {
  TEST_CASE("commands wake who listens, and psql does not") {
    Database db;
    db.run("INSERT INTO ratings SELECT u, 1, 4, 1 FROM generate_series(1, 9) u");
    const auto hints = open_change_hints(db.options);
    CHECK_FALSE(hints->wait(kConnecting, kGoOn));
    db.run("DELETE FROM ratings WHERE user_id = 9");
    CHECK_FALSE(hints->wait(50ms, kGoOn));

    purge(db.options, 1);
    CHECK(hints->wait(kLongEnough, kGoOn));
    const auto batch = open_clean_up(db.options)->batches().at(0).batch;
    (void)open_clean_up(db.options)->undo({.batch = batch});
    CHECK(hints->wait(kLongEnough, kGoOn));
    load_one(db.options, Fill::append);
    CHECK(hints->wait(kLongEnough, kGoOn));
    load_one(db.options, Fill::replace);
    CHECK(hints->wait(kLongEnough, kGoOn));

    purge(db.options, 777);  // unknown: nothing is changed, nobody is woken
    CHECK_FALSE(hints->wait(50ms, kGoOn));
  }

  TEST_CASE("a connection that was lost comes back by itself") {
    Database db;
    db.run("INSERT INTO ratings VALUES (1, 1, 4, 1)");
    const auto hints = open_change_hints(db.options);
    CHECK_FALSE(hints->wait(kConnecting, kGoOn));

    db.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN%'");
    CHECK_FALSE(hints->wait(1500ms, kGoOn));  // notices, and sleeps on
    CHECK_FALSE(hints->wait(kConnecting, kGoOn));
    purge(db.options, 1);
    CHECK(hints->wait(kLongEnough, kGoOn));
  }

  TEST_CASE("a store that is away lets its caller sleep") {
    const auto hints = open_change_hints(options_for("postgresql://127.0.0.1:1/nothing"));
    for (int i = 0; i < 3; ++i) {
      const auto begun = boot_clock().now();
      CHECK_FALSE(hints->wait(60ms, kGoOn));
      CHECK(boot_clock().now() - begun >= 60ms);
    }
  }

  TEST_CASE("a request to stop ends the wait") {
    Database db;
    const auto hints = open_change_hints(db.options);
    std::jthread waiting{[&](const std::stop_token& stop) { CHECK_FALSE(hints->wait(1h, stop)); }};
    waiting.request_stop();
    waiting.join();
  }
}
