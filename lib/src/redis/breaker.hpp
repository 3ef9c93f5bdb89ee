#pragma once

#include "ratings/clock.hpp"

#include <mutex>

namespace ratings::redis {

/// Leaves a failing server alone: after kFailures in a row nothing is sent for kPause, then one trial
/// decides. Thread-safe. Every allowed attempt must be followed by succeeded() or failed().
class Breaker {
 public:
  /// Five: one lost connection under sixteen threads must not open it at once, a dead server costs five
  /// budgets.
  static constexpr int kFailures = 5;
  static constexpr Instant kPause = std::chrono::seconds{1};

  explicit Breaker(Clock& clock) : clock_{clock} {}

  enum class Change { none, opened, closed };

  /// True if an attempt may be made now.
  [[nodiscard]] bool allow() noexcept;
  /// What allow() would say, without taking the trial.
  [[nodiscard]] bool would_allow() const noexcept;
  [[nodiscard]] bool open() const noexcept {
    const std::scoped_lock lock{mutex_};
    return open_;
  }
  Change succeeded() noexcept;
  Change failed() noexcept;

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  int failures_ = 0;
  bool open_ = false;
  bool trial_ = false;
  Instant retry_at_{};
};

}  // namespace ratings::redis
