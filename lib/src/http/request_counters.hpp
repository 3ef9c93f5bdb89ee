#pragma once

#include "core/counters.hpp"
#include "http/request.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ratings::http {

/// Every status that this server sends; the last place is for one that is missing here.
inline constexpr std::array<int, 13> kStatuses{200, 304, 400, 404, 405, 408, 413, 414, 431, 500, 503, 505, 0};

/// Upper bounds of the latency histogram, as text and as time. A hit takes 10 to 100 µs and a miss 0.2 to 2
/// ms, so each has several buckets; 2.5 s holds what a read's budget of 2 s ends, 5 s is the patience of
/// everything else here. Steps of 2 to 2.5: finer ones would cost more series than they tell.
struct Bucket {
  const char* le;
  std::chrono::nanoseconds bound;
};
inline constexpr std::array<Bucket, 16> kBuckets{{
    {"5e-05", std::chrono::microseconds{50}},
    {"0.0001", std::chrono::microseconds{100}},
    {"0.00025", std::chrono::microseconds{250}},
    {"0.0005", std::chrono::microseconds{500}},
    {"0.001", std::chrono::milliseconds{1}},
    {"0.0025", std::chrono::microseconds{2'500}},
    {"0.005", std::chrono::milliseconds{5}},
    {"0.01", std::chrono::milliseconds{10}},
    {"0.025", std::chrono::milliseconds{25}},
    {"0.05", std::chrono::milliseconds{50}},
    {"0.1", std::chrono::milliseconds{100}},
    {"0.25", std::chrono::milliseconds{250}},
    {"0.5", std::chrono::milliseconds{500}},
    {"1.0", std::chrono::seconds{1}},
    {"2.5", std::chrono::milliseconds{2'500}},
    {"5.0", std::chrono::seconds{5}},
}};

/// What the requests of one route came to.
struct RouteFigures {
  std::array<std::uint64_t, kStatuses.size()> by_status{};
  std::array<std::uint64_t, kBuckets.size() + 1>
      by_bucket{};                   ///< not cumulative; the last is above all bounds
  std::chrono::nanoseconds took{0};  ///< all together
};

/// Requests by route and status, and how long each took. Thread-safe; a request costs three additions to
/// memory that no other thread is likely to write.
class RequestCounters {
 public:
  /// `took`: from the request's last byte until the answer was ready. Not until it was sent: how fast a
  /// client takes it says nothing about us.
  void count(RouteName route, int status, std::chrono::nanoseconds took) noexcept;
  [[nodiscard]] RouteFigures figures(RouteName route) const noexcept;

 private:
  static constexpr std::size_t kARoute = kStatuses.size() + kBuckets.size() + 2;
  ShardedCounters<kARoute * kRouteNames.size()> numbers_;
};

}  // namespace ratings::http
