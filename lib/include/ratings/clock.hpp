#pragma once

#include "ratings/export.hpp"

#include <chrono>

namespace ratings {

/// Time since boot, counting suspension (CLOCK_BOOTTIME, clock_gettime(2)): a laptop that slept must not
/// believe that its cache was checked a moment ago.
using Instant = std::chrono::nanoseconds;

/// Where time comes from; injected, so that tests own it. Thread-safe.
class RATINGS_EXPORT Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const noexcept = 0;
  /// Returns once now() >= `until`.
  virtual void sleep_until(Instant until) = 0;
};

/// The real clock; one for the whole process.
[[nodiscard]] RATINGS_EXPORT Clock& boot_clock() noexcept;

}  // namespace ratings
