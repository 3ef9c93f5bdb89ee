#include "http/router.hpp"

#include "support/fake_clock.hpp"
#include "support/fake_store.hpp"

#include "ratings/cache.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <random>
#include <regex>
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

std::string no_page() { return "up 1\n"; }

struct World {
  test::FakeClock clock;
  test::FakeStore store;
  test::FakeCoherence coherence;
  std::unique_ptr<Cache> memory = make_memory_cache(1 << 20);
  std::atomic<bool> draining{false};
  RatingService service{store, coherence, memory.get(), nullptr, clock};
  SendBudget budget{1 << 19};
  Router router{service, coherence, nullptr, clock, draining, budget, no_page};

  Response get(std::string_view target, Conditions conditions = {}) {
    return router.answer(
        {.method = "GET", .target = target, .conditions = std::move(conditions), .arrived = clock.now()});
  }
  std::string body(std::string_view target) { return std::string{get(target).body()}; }
};

Rating rating(std::int64_t timestamp, std::int32_t movie, float score) {
  return {.user = {}, .movie = MovieId{movie}, .score = score, .timestamp = timestamp};
}

std::vector<Rating> many(int count) {
  std::vector<Rating> ratings;
  for (int i = 0; i < count; ++i) ratings.push_back(rating(1'000'000'000 + i / 3, i % 2, 3.5F));
  return ratings;
}

std::string code_of(const Response& response) { return json::parse(response.body())["error"]["code"]; }

}  // namespace

TEST_SUITE("router") {
  TEST_CASE("a plain history is the stored body itself, from the store first and from memory then") {
    World world;
    world.store.put(UserId{7}, {rating(1567504800, 4119470, 4)});

    const auto first = world.get("/rates/7");
    const auto second = world.get("/rates/7/");

    CHECK(first.status == 200);
    CHECK(first.body() == R"([{"movie_id":4119470,"rating":4,"timestamp":"2019-09-03 10:00:00"}])");
    CHECK(first.header("Content-Type") == "application/json");
    CHECK(first.header("Cache-Control") == "private, no-cache");
    CHECK(first.header("Vary") == "Accept-Encoding");
    CHECK(first.header("X-Cache") == "miss");
    CHECK(second.header("X-Cache") == "memory");
    CHECK(second.header("ETag") == first.header("ETag"));
    CHECK(std::regex_match(std::string{first.header("ETag")}, std::regex{"W/\"[0-9a-f]{32}\""}));
    CHECK(second.body().data() == second.content->body().data());  // shared, not copied
    CHECK(world.store.reads == 1);
  }

  TEST_CASE("an unknown user has an empty history and no profile") {
    World world;

    CHECK(world.body("/rates/1") == "[]");
    const auto profile = world.get("/user/profile/1");
    CHECK(profile.status == 404);
    CHECK(code_of(profile) == "not_found");
    CHECK(profile.header("Cache-Control") == "no-store");
    CHECK(profile.header("ETag").empty());
  }

  TEST_CASE("X-Cache says bypass while the cache must not be used") {
    World world;
    world.coherence.trust = false;

    CHECK(world.get("/rates/1").header("X-Cache") == "bypass");
    CHECK(world.get("/rates/1").header("X-Cache") == "bypass");
    CHECK(world.store.reads == 2);
  }

  TEST_CASE("filters and formats are computed from the cached body") {
    World world;
    world.store.put(UserId{7}, {rating(100, 1, 1), rating(200, 2, 2), rating(300, 3, 3)});

    CHECK(world.body("/rates/7?from=200&order=desc") ==
          R"([{"movie_id":3,"rating":3,"timestamp":"1970-01-01 00:05:00"},)"
          R"({"movie_id":2,"rating":2,"timestamp":"1970-01-01 00:03:20"}])");
    const auto csv = world.get("/rates/7?format=csv&min_rating=2&to=300");
    CHECK(csv.body() == "userId,movieId,rating,timestamp\n7,2,2,200\n");
    CHECK(csv.header("Content-Type") == "text/csv; charset=utf-8");
    CHECK(csv.header("X-Cache") == "memory");
    const auto ndjson = world.get("/rates/7?format=ndjson&movie_id=1");
    CHECK(ndjson.body() == "{\"movie_id\":1,\"rating\":1,\"timestamp\":\"1970-01-01 00:01:40\"}\n");
    CHECK(ndjson.header("Content-Type") == "application/x-ndjson");
    CHECK(world.store.reads == 1);
  }

  TEST_CASE("following the Link headers gives the whole history, each record once") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 20; ++round) {
      World world;
      std::vector<Rating> ratings(random() % 40);
      for (auto& one : ratings) {
        one =
            rating(100 + static_cast<std::int64_t>(random() % 3), static_cast<std::int32_t>(random() % 2), 1);
      }
      world.store.put(UserId{7}, ratings);
      for (const std::string_view order : {"asc", "desc"}) {
        const auto whole = json::parse(world.body("/rates/7?order=" + std::string{order}));
        for (int limit = 1; limit <= 7; ++limit) {
          auto walked = json::array();
          auto target = "/rates/7?limit=" + std::to_string(limit) + "&order=" + std::string{order};
          while (!target.empty()) {
            const auto page = world.get(target);
            REQUIRE(page.status == 200);
            for (const auto& one : json::parse(page.body())) walked.push_back(one);
            const std::string link{page.header("Link")};
            std::smatch match;
            target = std::regex_match(link, match,
                                      std::regex{"<(/rates/7\\?cursor=[A-Za-z0-9_-]+)>; rel=\"next\""})
                         ? match[1].str()
                         : "";
            REQUIRE((link.empty() || !target.empty()));
          }
          REQUIRE(walked == whole);
        }
      }
    }
  }

  TEST_CASE("a batch is an object in the order asked for, and X-Cache says the worst of its sources") {
    World world;
    world.store.put(UserId{2}, {rating(100, 1, 1)});
    (void)world.get("/rates/2");

    const auto mixed = world.get("/rates?uid=10,2");
    CHECK(mixed.body() == R"({"10":[],"2":[{"movie_id":1,"rating":1,"timestamp":"1970-01-01 00:01:40"}]})");
    CHECK(mixed.header("X-Cache") == "miss");
    CHECK(mixed.header("Content-Type") == "application/json");
    CHECK_FALSE(mixed.header("ETag").empty());
    CHECK(world.get("/rates?uid=10,2").header("X-Cache") == "memory");
    world.coherence.trust = false;
    CHECK(world.get("/rates?uid=10,2").header("X-Cache") == "bypass");
  }

  TEST_CASE("a profile is computed from the cached history") {
    World world;
    world.store.put(UserId{7}, {rating(1567504800, 4119470, 4), rating(1567504801, 1, 3)});
    (void)world.get("/rates/7");

    const auto profile = world.get("/user/profile/7");

    CHECK(profile.status == 200);
    CHECK(json::parse(profile.body())["avg_rating"] == 3.5);
    CHECK(profile.header("X-Cache") == "memory");
    CHECK_FALSE(profile.header("ETag").empty());
    CHECK(world.store.reads == 1);
  }

  TEST_CASE("a client that has the body already gets 304 without it") {
    World world;
    world.store.put(UserId{7}, many(100));
    for (const char* target :
         {"/rates/7", "/rates/7?format=csv", "/rates/7?limit=5", "/rates?uid=7", "/user/profile/7"}) {
      INFO(target);
      const std::string etag{world.get(target).header("ETag")};
      const auto response = world.get(target, {.accept_encoding = "gzip", .if_none_match = "\"x\", " + etag});
      CHECK(response.status == 304);
      CHECK(response.body().empty());
      CHECK(response.header("ETag") == etag);
      CHECK(response.header("Cache-Control") == "private, no-cache");
      CHECK(response.header("Vary") == "Accept-Encoding");
      CHECK(world.get(target, {.accept_encoding = {}, .if_none_match = "W/\"0\""}).status == 200);
    }
  }

  TEST_CASE("a body above the floor is compressed for clients that like it, under the same ETag") {
    World world;
    world.store.put(UserId{7}, many(100));
    world.store.put(UserId{8}, many(2));
    for (const char* target : {"/rates/7", "/rates/7?format=csv", "/rates?uid=7"}) {
      INFO(target);
      const auto plain = world.get(target);
      const auto packed = world.get(target, {.accept_encoding = "gzip", .if_none_match = {}});
      CHECK(plain.header("Content-Encoding").empty());
      CHECK(packed.header("Content-Encoding") == "gzip");
      CHECK(packed.body().starts_with("\x1f\x8b"));
      CHECK(packed.body().size() < plain.body().size());
      CHECK(packed.header("ETag") == plain.header("ETag"));
      CHECK(world.get(target, {.accept_encoding = "gzip;q=0", .if_none_match = {}})
                .header("Content-Encoding")
                .empty());
    }
    const auto small = world.get("/rates/8", {.accept_encoding = "gzip", .if_none_match = {}});
    CHECK(small.header("Content-Encoding").empty());
    CHECK(small.header("Vary") == "Accept-Encoding");
  }

  TEST_CASE("what is refused never reaches the store") {
    World world;
    for (const char* target :
         {"/rates/abc", "/rates/1?foo=1", "/rates/1?limit=0", "/rates", "/nowhere", "/rates/1%2F2",
          "/user/profile/01", "/rates?uid=1,1", "/rates/1?cursor=x", "/ping", "/live"}) {
      (void)world.get(target);
    }
    (void)world.router.answer(
        {.method = "POST", .target = "/rates/1", .conditions = {}, .arrived = world.clock.now()});
    CHECK(world.store.reads == 0);
  }

  TEST_CASE("errors are JSON, name a code, and are not kept") {
    World world;
    const auto bad = world.get("/rates/abc");
    CHECK(bad.status == 400);
    CHECK(bad.header("Content-Type") == "application/json");
    CHECK(bad.header("Cache-Control") == "no-store");
    CHECK(code_of(bad) == "invalid_uid");
    CHECK(json::parse(bad.body())["error"]["message"].get<std::string>().size() > 10);
    CHECK(json::parse(bad.body()).is_object());

    const auto post =
        world.router.answer({.method = "POST", .target = "/rates/1", .conditions = {}, .arrived = {}});
    CHECK(post.status == 405);
    CHECK(post.header("Allow") == "GET, HEAD");
  }

  TEST_CASE("a failing store is 503 with Retry-After, or 500, without its words") {
    World world;
    const auto answer_for = [&world](Kind kind) {
      world.store.before_read = [kind] { throw Error{kind, "SELECT secret FROM /var/lib/x failed"}; };
      return world.get("/rates/1");
    };
    for (const auto kind : {Kind::unreachable, Kind::busy}) {
      const auto response = answer_for(kind);
      CHECK(response.status == 503);
      const auto seconds = std::stoi(std::string{response.header("Retry-After")});
      CHECK((seconds >= 1 && seconds <= 5));
      CHECK(response.header("Cache-Control") == "no-store");
      CHECK(response.body().find("secret") == std::string_view::npos);
    }
    CHECK(code_of(answer_for(Kind::unreachable)) == "unavailable");
    CHECK(code_of(answer_for(Kind::busy)) == "busy");
    for (const auto kind : {Kind::store, Kind::internal, Kind::guard}) {
      const auto response = answer_for(kind);
      CHECK(response.status == 500);
      CHECK(code_of(response) == "internal");
      CHECK(response.body().find("secret") == std::string_view::npos);
    }
    world.store.before_read = [] { throw std::bad_alloc{}; };
    CHECK(world.get("/rates/1").status == 500);
  }

  TEST_CASE("ping and live touch nothing") {
    World world;
    world.coherence.found.clear();
    const auto ping = world.get("/ping");
    CHECK(ping.body() == R"({"message":"pong"})");
    CHECK(ping.header("Cache-Control") == "no-store");
    CHECK(world.body("/live") == R"({"status":"ok"})");
    CHECK(world.get("/live").header("Cache-Control") == "no-store");
  }

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
      world.coherence.found[i].ok = false;
      const auto response = world.get("/ready");
      CHECK(response.status == 503);
      CHECK(json::parse(response.body())["status"] == "unavailable");
      CHECK(json::parse(response.body())["checks"][world.coherence.found[i].name]["ok"] == false);
    }
  }

  TEST_CASE("any check that forbids the cache makes it unavailable, another one degraded") {
    World world;
    world.coherence.found.push_back(
        {.name = "primary", .ok = false, .blocks_cache = true, .detail = "in recovery"});
    CHECK(world.get("/ready").status == 503);
    world.coherence.found.back().blocks_cache = false;
    CHECK(world.get("/ready").status == 200);
    CHECK(json::parse(world.body("/ready"))["status"] == "degraded");
  }

  TEST_CASE("a store that was never checked is unavailable") {
    World world;
    world.coherence.found.clear();
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
      CHECK(refused.header("Retry-After") == "1");
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
    Router router{world.service, world.coherence, &redis, world.clock, world.draining, world.budget, no_page};
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
