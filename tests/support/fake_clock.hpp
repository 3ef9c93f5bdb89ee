#pragma once

#include "ratings/clock.hpp"

#include <atomic>

namespace ratings::test {

/// A clock that moves only when told to; sleeping moves it. Thread-safe.
class FakeClock final : public Clock {
 public:
  Instant now() const noexcept override { return Instant{now_.load()}; }
  void sleep_until(Instant until) override {
    auto seen = now_.load();
    while (seen < until.count() && !now_.compare_exchange_weak(seen, until.count())) {
    }
  }
  void advance(Instant by) { now_ += by.count(); }

 private:
  std::atomic<Instant::rep> now_{1'000'000'000};
};

}  // namespace ratings::test
