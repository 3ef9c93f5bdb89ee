#include "ratings/cache.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace ratings {
namespace {

CachedHistoryPtr value(std::int64_t user, std::size_t size, char fill = 'x') {
  return std::make_shared<const CachedHistory>(UserId{user}, Tag{}, std::string(size, fill));
}

constexpr std::size_t kMega = 1024 * 1024;

TEST_SUITE("memory_cache") {
  TEST_CASE("what was put is found until it is erased") {
    const auto cache = make_memory_cache(kMega);
    const auto stored = value(7, 100);

    cache->put(stored);

    CHECK(cache->usable());
    CHECK(cache->get(UserId{7}) == stored);
    CHECK(cache->get(UserId{8}) == nullptr);
    const UserId gone[] = {UserId{7}, UserId{99}};
    CHECK(cache->erase(gone));
    CHECK(cache->get(UserId{7}) == nullptr);
  }

  TEST_CASE("a later value takes the place of an earlier one") {
    const auto cache = make_memory_cache(kMega);
    cache->put(value(7, 100, 'a'));

    cache->put(value(7, 100, 'b'));

    CHECK(cache->get(UserId{7})->body()[0] == 'b');
  }

  TEST_CASE("the cost of what is kept never exceeds the limit") {
    constexpr std::size_t limit = 2 * kMega;
    const auto cache = make_memory_cache(limit);

    for (std::int64_t user = 0; user < 5'000; ++user) cache->put(value(user, 1'500));

    std::size_t cost = 0;
    std::size_t kept = 0;
    for (std::int64_t user = 0; user < 5'000; ++user) {
      if (const auto found = cache->get(UserId{user})) {
        cost += found->cost();
        ++kept;
      }
    }
    CHECK(cost <= limit);
    CHECK(cost > limit / 2);  // and it is made use of
    CHECK(kept < 5'000);
    const auto figures = cache->figures().memory.value();
    CHECK(figures.bytes == cost);
    CHECK(figures.entries == kept);
    CHECK(figures.evictions == 5'000 - kept);
    CHECK(figures.budget == limit);
  }

  TEST_CASE("what was used lately stays, what was not goes first") {
    const auto cache = make_memory_cache(kMega);
    cache->put(value(1, 500));
    cache->put(value(2, 500));

    for (std::int64_t user = 1'000; user < 6'000; ++user) {
      REQUIRE(cache->get(UserId{1}) != nullptr);  // keeps it young
      cache->put(value(user, 500));
    }

    CHECK(cache->get(UserId{1}) != nullptr);
    CHECK(cache->get(UserId{2}) == nullptr);
    CHECK(cache->get(UserId{5'999}) != nullptr);
  }

  TEST_CASE("a value that takes a third of the limit is kept, and the rest stays within what is left") {
    constexpr std::size_t limit = 8 * kMega;
    const auto cache = make_memory_cache(limit);
    for (std::int64_t user = 100; user < 5'000; ++user) cache->put(value(user, 1'500));

    cache->put(value(1, limit / 4));

    std::size_t cost = 0;
    REQUIRE(cache->get(UserId{1}) != nullptr);
    for (std::int64_t user = 1; user < 5'000; ++user) {
      if (const auto found = cache->get(UserId{user})) cost += found->cost();
    }
    CHECK(cost <= limit);
    CHECK(cost > limit / 2);
  }

  TEST_CASE("large values push out each other, not the small ones") {
    constexpr std::size_t limit = 8 * kMega;
    const auto cache = make_memory_cache(limit);
    for (std::int64_t user = 1'000; user < 1'400; ++user) cache->put(value(user, 1'500));

    for (std::int64_t user = 0; user < 100; ++user) cache->put(value(user, kMega));

    for (std::int64_t user = 1'000; user < 1'400; ++user) CHECK(cache->get(UserId{user}) != nullptr);
    CHECK(cache->get(UserId{99}) != nullptr);
    CHECK(cache->get(UserId{0}) == nullptr);
  }

  TEST_CASE("a user whose history grows large or shrinks has one value, the last") {
    const auto cache = make_memory_cache(8 * kMega);
    for (const std::size_t size : {std::size_t{100}, kMega, std::size_t{200}, 2 * kMega}) {
      const auto stored = value(7, size);
      cache->put(stored);
      CHECK(cache->get(UserId{7}) == stored);
    }

    CHECK(cache->erase(std::vector{UserId{7}}));
    CHECK(cache->get(UserId{7}) == nullptr);
  }

  TEST_CASE("a value too large for it is not kept, and neither is the one it replaces") {
    const auto cache = make_memory_cache(kMega);
    cache->put(value(7, 100));

    cache->put(value(7, 2 * kMega));

    CHECK(cache->get(UserId{7}) == nullptr);
  }

  TEST_CASE("without memory it keeps nothing and says so") {
    const auto cache = make_memory_cache(0);
    CHECK(cache->figures().memory->budget == 0);

    cache->put(value(7, 10));

    CHECK_FALSE(cache->usable());
    CHECK(cache->get(UserId{7}) == nullptr);
  }
}

}  // namespace
}  // namespace ratings
