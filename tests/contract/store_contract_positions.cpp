#include "contract/store_contract.hpp"

#include <algorithm>
#include <thread>

namespace ratings::test {

TEST_SUITE("store: positions") {
  TEST_CASE("a change moves the tag of the users it touches and of nobody else") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 7, 4, 50)});
    const auto before_one = store.history(1).tag;
    const auto before_two = store.history(2).tag;

    store.load(Fill::append, {rate(1, 32, 3, 101)}, 2);

    CHECK(store.history(1).tag.own > before_one.own);
    CHECK(store.history(2).tag.own == before_two.own);
    CHECK(store.history(1).tag.own == store.position().now.position);
    CHECK(store.history(2).tag.read == store.position().now);
  }

  TEST_CASE("a bulk load raises the floor, so every user's tag moves") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)});
    const auto unknown = store.history(77).tag;
    const auto floor = store.position().floor;

    store.load(Fill::replace, {rate(1, 31, 2.5F, 100)}, 2);

    CHECK(store.position().floor > floor);
    CHECK(store.position().floor == store.position().now.position);
    CHECK(store.history(77).tag.own > unknown.own);
  }

  TEST_CASE("changes_since lists exactly the users that moved, and the points passed") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(3, 1, 1, 1)});
    const auto start = store.position().now;

    store.load(Fill::append, {rate(1, 2, 2, 2)}, 2);
    (void)store.purge({{3}});
    const auto changes = store.changes_since(start);

    CHECK(changes.known_point);
    CHECK_FALSE(changes.overflow);
    CHECK(changes.state.floor <= start.position);
    auto moved = changes.moved;
    std::sort(moved.begin(), moved.end());
    REQUIRE(moved.size() == 2);
    CHECK(moved[0].first == UserId{1});
    CHECK(moved[0].second == store.history(1).tag.own);
    CHECK(moved[1].first == UserId{3});
    CHECK(moved[1].second == changes.state.now.position);
    REQUIRE_FALSE(changes.history.empty());
    CHECK(changes.history.back() == changes.state.now);
    CHECK(std::is_sorted(changes.history.begin(), changes.history.end()));
    CHECK(changes.history.front().position > start.position);
  }

  TEST_CASE("without a change nothing has moved, however often one asks") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto point = store.position().now;

    for (int time = 0; time < 3; ++time) {
      const auto changes = store.changes_since(point);
      CHECK(changes.known_point);
      CHECK(changes.moved.empty());
      CHECK(changes.history.empty());
      CHECK(changes.state.now == point);
    }
  }

  TEST_CASE("more than 10,000 users are not listed: the floor rises or the list overflows") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto start = store.position().now;
    std::vector<Rating> many;
    for (std::int64_t user = 1; user <= 10'001; ++user) many.push_back(rate(user, 2, 2, 2));

    store.load(Fill::append, many, 2);
    const auto changes = store.changes_since(start);

    CHECK((changes.overflow || changes.state.floor > start.position));
    CHECK(store.history(10'001).tag.own > start.position);
  }

  TEST_CASE("users moved by several smaller changes overflow the list in the end") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    const auto start = store.position().now;
    for (std::int64_t part = 0; part < 2; ++part) {
      std::vector<Rating> rows;
      for (std::int64_t user = 1; user <= 6'000; ++user) rows.push_back(rate(part * 6'000 + user, 2, 2, 2));
      store.load(Fill::append, rows, static_cast<std::uint8_t>(2 + part));
    }

    const auto changes = store.changes_since(start);

    CHECK(changes.known_point);
    CHECK(changes.overflow);
    CHECK(changes.state.floor <= start.position);
  }

  TEST_CASE("a point with another salt, or from the future, is not part of the history") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    auto forged = store.position().now;
    forged.salt.bytes[0] ^= 1U;
    auto future = store.position().now;
    future.position += 1000;

    CHECK_FALSE(store.changes_since(forged).known_point);
    CHECK_FALSE(store.changes_since(future).known_point);
    CHECK_FALSE(store.positions().standing({1}, forged, Store::deadline()).known_point);
    CHECK(store.changes_since(store.position().now).known_point);
  }

  TEST_CASE("standing tells whether a cached value is still the user's last word") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1)});
    const auto one = store.history(1).tag;
    const auto two = store.history(2).tag;

    (void)store.purge({{1}});
    const auto standing_one = store.positions().standing({1}, one.read, Store::deadline());
    const auto standing_two = store.positions().standing({2}, two.read, Store::deadline());

    CHECK(standing_one.known_point);
    CHECK(standing_one.own > one.own);
    CHECK(standing_one.now == store.position().now);
    CHECK(standing_two.known_point);
    CHECK(standing_two.own == two.own);
  }

  TEST_CASE("changes made at the store's own shell move positions and count as foreign") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(3, 1, 1, 1)});
    CHECK_FALSE(store.facts().foreign_changes);
    const auto start = store.position().now;

    store.run_sql("INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") VALUES (9, 1, 4.5, 7)");
    store.run_sql("UPDATE ratings SET user_id = 8 WHERE user_id = 2");
    store.run_sql("DELETE FROM ratings WHERE user_id = 3");
    const auto changes = store.changes_since(start);

    std::vector<std::int64_t> moved;
    for (const auto& [user, position] : changes.moved) moved.push_back(user.value);
    std::sort(moved.begin(), moved.end());
    CHECK(moved == std::vector<std::int64_t>{2, 3, 8, 9});
    CHECK(store.rows(9) == std::vector{rate(9, 1, 4.5F, 7)});
    CHECK(store.facts().foreign_changes);
    CHECK(store.admin().status().foreign_changes);
  }

  TEST_CASE("foreign changes are forgotten with the generation they were made in, and not before") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1)});
    store.run_sql("DELETE FROM ratings WHERE user_id = 1");

    store.load(Fill::append, {rate(2, 1, 1, 1)}, 2);
    CHECK(store.facts().foreign_changes);
    store.load(Fill::replace, {rate(2, 1, 1, 1)}, 3);
    CHECK_FALSE(store.facts().foreign_changes);
  }

  TEST_CASE("delta can be raised at once and lowered with patience: writers report what to wait for") {
    using namespace std::chrono_literals;
    Store store;
    store.admin().set_delta(0ms);
    CHECK(store.position().delta == 0ms);
    CHECK(store.load(Fill::first, {rate(1, 1, 1, 1)}).wait == 0ms);

    store.admin().set_delta(200ms);
    CHECK(store.position().delta == 200ms);
    CHECK(store.purge({{1}}).wait == 200ms);

    const auto before = boot_clock().now();
    store.admin().set_delta(50ms);
    CHECK(boot_clock().now() - before >= 200ms);
    CHECK(store.position().delta == 50ms);
    CHECK(store.load(Fill::append, {rate(2, 1, 1, 1)}, 2).wait == 50ms);
    CHECK(error_of([&] { store.admin().set_delta(60'001ms); }) == Kind::usage);
    CHECK(error_of([&] { store.admin().set_delta(-1ms); }) == Kind::usage);
  }

  TEST_CASE(
      "delta lowered twice, with a longer one between: the first does not cut the second's wait short") {
    using namespace std::chrono_literals;
    Store store;
    store.admin().set_delta(300ms);
    const auto lower = [&store] { open_store_admin(store.options("init"))->set_delta(100ms); };
    std::jthread first{lower};  // until nobody uses the 300 ms
    while (store.position().delta != 100ms) std::this_thread::yield();
    store.admin().set_delta(2'000ms);
    std::jthread second{lower};  // until nobody uses the 2 s
    while (store.position().delta != 100ms) std::this_thread::yield();

    first.join();
    CHECK(store.facts().wait == 2'000ms);
    second.join();
    CHECK(store.facts().wait == 100ms);
  }
}

}  // namespace ratings::test
