#include "unit/router_world.hpp"

#include <doctest/doctest.h>

#include <random>
#include <regex>

using namespace ratings;
using namespace ratings::http;
using nlohmann::json;

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
                                      std::regex{R"(<(/rates/7\?cursor=[A-Za-z0-9_-]+)>; rel="next")"})
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
    for (const auto kind : {Kind::unreachable, Kind::busy, Kind::guard}) {
      const auto response = answer_for(kind);
      CHECK(response.status == 503);
      const auto seconds = std::stoi(std::string{response.header("Retry-After")});
      CHECK((seconds >= 1 && seconds <= 5));
      CHECK(response.header("Cache-Control") == "no-store");
      CHECK(response.body().find("secret") == std::string_view::npos);
    }
    CHECK(code_of(answer_for(Kind::unreachable)) == "unavailable");
    CHECK(code_of(answer_for(Kind::busy)) == "busy");
    CHECK(code_of(answer_for(Kind::guard)) == "unavailable");  // the schema of a newer server
    for (const auto kind : {Kind::store, Kind::internal}) {
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
    world.coherence.say({});
    const auto ping = world.get("/ping");
    CHECK(ping.body() == R"({"message":"pong"})");
    CHECK(ping.header("Cache-Control") == "no-store");
    CHECK(world.body("/live") == R"({"status":"ok"})");
    CHECK(world.get("/live").header("Cache-Control") == "no-store");
  }
}
