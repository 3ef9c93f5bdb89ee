#include "unit/router_world.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace ratings;
using namespace ratings::http;
using nlohmann::json;

namespace {

/// A cache that only says whether its server answers.
class Switch final : public Cache {
 public:
  CachedHistoryPtr get(UserId) noexcept override { return nullptr; }
  void put(const CachedHistoryPtr&) noexcept override {}
  bool erase(std::span<const UserId>) noexcept override { return on; }
  bool usable() const noexcept override { return on; }
  bool on = true;
};

}  // namespace

TEST_SUITE("router metrics") {
  TEST_CASE("metrics are text for a scraper, and are not kept") {
    World world;
    const auto response = world.get("/metrics");
    CHECK(response.status == 200);
    CHECK(response.body() == "up 1\n");
    CHECK(response.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.header("Cache-Control") == "no-store");
    CHECK(world.store.reads == 0);
  }

  TEST_CASE("an answer says which route it is counted under, also when it refuses") {
    World world;
    const auto route = [&](std::string_view target) { return world.get(target).route; };
    CHECK(route("/rates/1") == RouteName::rates_of_user);
    CHECK(route("/rates/x") == RouteName::rates_of_user);
    CHECK(route("/rates/1?foo=1") == RouteName::rates_of_user);
    CHECK(route("/rates?uid=1") == RouteName::rates_of_users);
    CHECK(route("/rates") == RouteName::rates_of_users);
    CHECK(route("/user/profile/1") == RouteName::profile_of_user);
    CHECK(route("/ping") == RouteName::ping);
    CHECK(route("/live") == RouteName::live);
    CHECK(route("/ready") == RouteName::ready);
    CHECK(route("/metrics") == RouteName::metrics);
    CHECK(route("/4711") == RouteName::other);
    const auto post = world.router.answer(
        {.method = "POST", .target = "/ping", .conditions = {}, .arrived = world.clock.now()});
    CHECK(post.status == 405);
    CHECK(post.route == RouteName::ping);
    world.store.before_read = [] { throw Error{Kind::busy, "full"}; };
    const auto failed = world.get("/rates/2");
    CHECK(failed.status == 503);
    CHECK(failed.route == RouteName::rates_of_user);
    CHECK(world.router.shed(Kind::busy) == 1);
    CHECK(world.router.shed(Kind::unreachable) == 0);
  }

  TEST_CASE("clients that are refused together are not sent back together") {
    World world;
    world.store.before_read = [] { throw Error{Kind::unreachable, "away"}; };
    std::set<std::string> seconds;
    // Each is one of five at random: that 200 are all alike happens once in 5¹⁹⁹ runs.
    for (int i = 0; i < 200; ++i) seconds.emplace(world.get("/rates/1").header("Retry-After"));
    CHECK(seconds.size() > 1);
    CHECK(*seconds.begin() >= "1");
    CHECK(*seconds.rbegin() <= "5");
    CHECK(world.router.shed(Kind::unreachable) == 200);
  }
}

TEST_SUITE("router readiness") {
  TEST_CASE("everything in order is ok") {
    World world;
    const auto response = world.get("/ready");
    CHECK(response.status == 200);
    CHECK(response.header("Cache-Control") == "no-store");
    CHECK(response.body() ==
          R"({"status":"ok","checks":{"store":{"ok":true,"detail":"reachable"},)"
          R"("schema":{"ok":true,"detail":"version 1"},"triggers":{"ok":true,"detail":"in place"}}})");
  }

  TEST_CASE("without store, schema or triggers the server is unavailable") {
    for (std::size_t i = 0; i < 3; ++i) {
      World world;
      auto checks = world.coherence.checks();
      checks[i].ok = false;
      world.coherence.say(checks);
      const auto response = world.get("/ready");
      CHECK(response.status == 503);
      CHECK(json::parse(response.body())["status"] == "unavailable");
      CHECK(json::parse(response.body())["checks"][checks[i].name]["ok"] == false);
    }
  }

  TEST_CASE("any check that forbids the cache makes it unavailable, another one degraded") {
    World world;
    auto checks = world.coherence.checks();
    checks.push_back({.name = "primary", .ok = false, .blocks_cache = true, .detail = "in recovery"});
    world.coherence.say(checks);
    CHECK(world.get("/ready").status == 503);
    checks.back().blocks_cache = false;
    world.coherence.say(checks);
    CHECK(world.get("/ready").status == 200);
    CHECK(json::parse(world.body("/ready"))["status"] == "degraded");
  }

  TEST_CASE("a replica that is away is named, and the server is degraded and goes on") {
    World world;
    bool answers = true;
    const auto replicas = [&] {
      return std::vector<Check>{
          {.name = "replica one:5432", .ok = answers, .blocks_cache = false, .detail = "says something"}};
    };
    Router router{world.service, world.coherence, nullptr, world.clock, world.draining,
                  world.budget,  no_page,         no_page, replicas};
    const auto ready = [&] { return router.answer({.method = "GET", .target = "/ready", .conditions = {}}); };
    CHECK(json::parse(ready().body())["status"] == "ok");

    answers = false;
    CHECK(ready().status == 200);
    CHECK(json::parse(ready().body())["status"] == "degraded");
    CHECK(json::parse(ready().body())["checks"]["replica one:5432"]["ok"] == false);

    world.coherence.say({});  // what the store is like is not known yet
    CHECK(ready().status == 503);
  }

  TEST_CASE("a store that was never checked is unavailable") {
    World world;
    world.coherence.say({});
    CHECK(world.get("/ready").status == 503);
  }

  TEST_CASE("answers beyond the send budget are 503 until the ones under way have gone") {
    World world;  // with a budget of 512 KiB
    world.store.put(UserId{1}, many(5'000));
    world.store.put(UserId{2}, many(5'000));
    world.store.put(UserId{3}, many(10));
    {
      const auto under_way = world.get("/rates/1");
      REQUIRE(under_way.status == 200);

      CHECK(world.get("/rates/1").status == 200);  // the same bytes: they are in memory once
      const auto refused = world.get("/rates/2");
      CHECK(refused.status == 503);
      CHECK(!refused.header("Retry-After").empty());
      CHECK(code_of(refused) == "overloaded");
      CHECK(world.get("/rates/3").status == 200);  // small answers have a share of their own
    }

    CHECK(world.get("/rates/2").status == 200);
    CHECK(world.budget.held() == 0);
  }

  TEST_CASE("what would be computed beyond the send budget is refused before it is computed") {
    World world;
    world.store.put(UserId{1}, many(5'000));
    const auto under_way = world.get("/rates/1");

    CHECK(world.get("/rates/1?limit=1").status == 503);
    CHECK(world.get("/rates?uid=1,2").status == 503);
    CHECK(world.get("/user/profile/1").status == 503);
    CHECK(world.get("/ping").status == 200);
  }

  TEST_CASE("Redis that cannot be used is degraded, still 200") {
    World world;
    Switch redis;
    Router router{world.service,  world.coherence, &redis,  world.clock,
                  world.draining, world.budget,    no_page, no_page};
    const auto ready = [&router] {
      return router.answer({.method = "GET", .target = "/ready", .conditions = {}, .arrived = {}});
    };

    CHECK(json::parse(ready().body())["status"] == "ok");
    CHECK(json::parse(ready().body())["checks"]["redis"]["ok"] == true);
    redis.on = false;
    CHECK(ready().status == 200);
    CHECK(json::parse(ready().body())["status"] == "degraded");
    CHECK(json::parse(ready().body())["checks"]["redis"]["ok"] == false);
  }

  TEST_CASE("a server that shuts down is not ready, but answers") {
    World world;
    world.draining = true;
    CHECK(world.get("/ready").status == 503);
    CHECK(world.get("/live").status == 200);
    CHECK(world.get("/rates/1").status == 200);
  }
}
