#include "cache_contract.hpp"

#include "support/unhurried.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace ratings {
namespace {

/// An id of one test's own, so that tests can share a Redis.
std::string fresh_store_id() {
  static int number = 0;
  return "contract-" + std::to_string(getpid()) + "-" + std::to_string(++number);
}

std::unique_ptr<Cache> shared_cache(const std::string& store_id) {
  return make_redis_cache(
      {.url = test::shared_cache_url(), .password = "", .store_id = store_id, .budget = test::kUnhurried});
}

Tag some_tag() {
  Tag tag{.own = 17, .read = {.position = 18, .salt = {}}};
  for (std::size_t i = 0; i < tag.read.salt.bytes.size(); ++i)
    tag.read.salt.bytes[i] = static_cast<std::uint8_t>(200 + i);
  return tag;
}

CachedHistoryPtr value(std::int64_t user, std::string body) {
  return std::make_shared<const CachedHistory>(UserId{user}, some_tag(), std::move(body));
}

void for_every_cache(const std::function<void(Cache&)>& check) {
  auto kinds = test::unshared_caches();
  kinds.push_back({"shared", [] { return shared_cache(fresh_store_id()); }});
  for (const auto& kind : kinds) {
    CAPTURE(kind.name);
    const auto cache = kind.make();
    check(*cache);
  }
}

TEST_SUITE("cache contract") {
  TEST_CASE("what was put comes back whole, with its tag and etag") {
    for_every_cache([](Cache& cache) {
      const auto stored = value(42, "[{\"movie_id\":1}]");

      cache.put(stored);
      const auto found = cache.get(UserId{42});

      REQUIRE(found != nullptr);
      CHECK(found->user() == UserId{42});
      CHECK(found->tag() == stored->tag());
      CHECK(found->body() == stored->body());
      CHECK(found->etag() == stored->etag());
      CHECK(cache.usable());
    });
  }

  TEST_CASE("what was never put is absent") {
    for_every_cache([](Cache& cache) {
      cache.put(value(42, "[]"));

      CHECK(cache.get(UserId{43}) == nullptr);
    });
  }

  TEST_CASE("bodies are bytes: zeros, line ends and every other byte survive") {
    for_every_cache([](Cache& cache) {
      std::string body;
      for (int byte = 0; byte < 256; ++byte) body += static_cast<char>(byte);
      body += "\r\n$-1\r\n*0\r\n";

      cache.put(value(1, body));

      REQUIRE(cache.get(UserId{1}) != nullptr);
      CHECK(cache.get(UserId{1})->body() == body);
    });
  }

  TEST_CASE("a body of several hundred kilobytes survives") {
    for_every_cache([](Cache& cache) {
      std::string body(400'000, 'x');
      body[123'456] = 'y';

      cache.put(value(1, body));

      REQUIRE(cache.get(UserId{1}) != nullptr);
      CHECK(cache.get(UserId{1})->body() == body);
    });
  }

  TEST_CASE("the smallest and the largest id have their own places") {
    for_every_cache([](Cache& cache) {
      constexpr auto largest = std::numeric_limits<std::int64_t>::max();
      cache.put(value(0, "[0]"));
      cache.put(value(largest, "[1]"));

      CHECK(cache.get(UserId{0})->body() == "[0]");
      CHECK(cache.get(UserId{largest})->body() == "[1]");
    });
  }

  TEST_CASE("the last put wins") {
    for_every_cache([](Cache& cache) {
      cache.put(value(1, "[1]"));
      cache.put(value(1, "[2]"));

      CHECK(cache.get(UserId{1})->body() == "[2]");
    });
  }

  TEST_CASE("erase removes those named, and is content when there is nothing to remove") {
    for_every_cache([](Cache& cache) {
      std::vector<UserId> gone;
      for (std::int64_t user = 0; user < 1'200; ++user) {
        if (user % 10 == 0) cache.put(value(user, "[]"));
        gone.push_back(UserId{user});
      }
      cache.put(value(5'000, "[]"));

      CHECK(cache.erase(gone));
      CHECK(cache.erase(gone));
      CHECK(cache.erase({}));

      for (const auto user : gone) CHECK(cache.get(user) == nullptr);
      CHECK(cache.get(UserId{5'000}) != nullptr);
    });
  }
}

TEST_SUITE("cache contract: shared") {
  TEST_CASE("servers of one store share values, servers of another do not see them") {
    const auto id = fresh_store_id();
    const auto one = shared_cache(id);
    const auto two = shared_cache(id);
    const auto other = shared_cache(fresh_store_id());

    one->put(value(7, "[7]"));

    REQUIRE(two->get(UserId{7}) != nullptr);
    CHECK(two->get(UserId{7})->body() == "[7]");
    CHECK(other->get(UserId{7}) == nullptr);
  }

  TEST_CASE("a body above one mebibyte is not shared, and takes the older copy away") {
    const auto cache = shared_cache(fresh_store_id());
    cache->put(value(7, std::string(1024 * 1024, 'x')));
    REQUIRE(cache->get(UserId{7}) != nullptr);

    cache->put(value(7, std::string(1024 * 1024 + 1, 'x')));

    CHECK(cache->get(UserId{7}) == nullptr);
    CHECK(cache->usable());
  }
}

}  // namespace
}  // namespace ratings
