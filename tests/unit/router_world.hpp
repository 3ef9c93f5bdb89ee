#pragma once

#include "http/router.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_store.hpp"

#include "ratings/cache.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ratings::http {

inline std::string no_page() { return "up 1\n"; }

/// A router over a store in memory, without a socket.
struct World {
  test::FakeClock clock;
  test::FakeStore store;
  test::FakeCoherence coherence;
  std::unique_ptr<Cache> memory = make_memory_cache(1 << 20);
  std::atomic<bool> draining{false};
  RatingService service{store, coherence, memory.get(), nullptr, clock};
  SendBudget budget{1 << 19};
  Router router{service, coherence, nullptr, clock, draining, budget, no_page, no_page};

  Response get(std::string_view target, const Conditions& conditions = {}) {
    return router.answer(
        {.method = "GET", .target = target, .conditions = conditions, .arrived = clock.now()});
  }
  std::string body(std::string_view target) { return std::string{get(target).body()}; }
};

inline Rating rating(std::int64_t timestamp, std::int32_t movie, float score) {
  return {.user = {}, .movie = MovieId{movie}, .score = score, .timestamp = timestamp};
}

inline std::vector<Rating> many(int count) {
  std::vector<Rating> ratings;
  ratings.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) ratings.push_back(rating(1'000'000'000 + i / 3, i % 2, 3.5F));
  return ratings;
}

/// Of an error's body.
inline std::string code_of(const Response& response) {
  return nlohmann::json::parse(response.body())["error"]["code"];
}

}  // namespace ratings::http
