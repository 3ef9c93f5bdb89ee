#include "http/request_counters.hpp"

#include <algorithm>

namespace ratings::http {
namespace {

constexpr std::size_t kFirstBucket = kStatuses.size();
constexpr std::size_t kTook = kFirstBucket + kBuckets.size() + 1;

std::size_t place_of(int status) noexcept {
  const auto found = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  return static_cast<std::size_t>(found - kStatuses.begin());
}

std::size_t bucket_of(std::chrono::nanoseconds took) noexcept {
  const auto above = [took](const Bucket& bucket) { return took <= bucket.bound; };
  return static_cast<std::size_t>(std::find_if(kBuckets.begin(), kBuckets.end(), above) - kBuckets.begin());
}

}  // namespace

void RequestCounters::count(RouteName route, int status, std::chrono::nanoseconds took) noexcept {
  const auto base = static_cast<std::size_t>(route) * kARoute;
  took = std::max(took, std::chrono::nanoseconds{0});
  numbers_.add(base + place_of(status));
  numbers_.add(base + kFirstBucket + bucket_of(took));
  numbers_.add(base + kTook, static_cast<std::uint64_t>(took.count()));
}

RouteFigures RequestCounters::figures(RouteName route) const noexcept {
  const auto base = static_cast<std::size_t>(route) * kARoute;
  RouteFigures figures;
  for (std::size_t i = 0; i < figures.by_status.size(); ++i) figures.by_status[i] = numbers_.sum(base + i);
  for (std::size_t i = 0; i < figures.by_bucket.size(); ++i)
    figures.by_bucket[i] = numbers_.sum(base + kFirstBucket + i);
  figures.took = std::chrono::nanoseconds{numbers_.sum(base + kTook)};
  return figures;
}

}  // namespace ratings::http
