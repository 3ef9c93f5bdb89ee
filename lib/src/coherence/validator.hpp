#pragma once

#include "coherence/timeline.hpp"
#include "coherence/turn.hpp"

#include "ratings/clock.hpp"
#include "ratings/store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

namespace ratings {

/// Asks the store what has changed, and knows how long the answer is good. Thread-safe; in doubt it says no.
///
/// A validation is stamped t0 before its question is sent, so its snapshot was taken at or after t0. It is
/// good for every request that arrived at t0 + Δ or earlier. A writer that committed at c reports success
/// only after c + Δ: a request that arrives later still, at a > c + Δ, needs t0 ≥ a − Δ > c, so the snapshot
/// has seen the change. With Δ = 0 the same formula reads: the question was sent at or after the request's
/// arrival. t0 + Δ is one number, so a reader cannot mix the stamp of one validation with the Δ of another;
/// and it is published after the timeline, so whoever sees it sees at least what that validation saw. Errors
/// never touch it: a store that is away leaves the last validation to run out.
class Validator {
 public:
  /// `seed`: of the jitter between retries.
  Validator(std::unique_ptr<PositionReader> positions, Clock& clock, unsigned seed);

  /// True if there is a validation good for a request that arrived then. In strict mode it may ask the store,
  /// with one question for all who wait at that moment; else it only compares two numbers.
  [[nodiscard]] bool fresh(Instant arrived);
  /// Is `tag` the user's last word, as far as the last validation saw? Asks the store where only it can know:
  /// about a value from before we watched, and for a validation of now when the value is newer than the last
  /// one (another server or a replica has it, or a user changed a moment ago). That one is shared by all who
  /// wait at that moment.
  [[nodiscard]] bool current(UserId user, const Tag& tag);
  /// The same two, but no where that would take longer than others should wait: a server must be asked, or
  /// somebody else is asking.
  [[nodiscard]] bool fresh_at_once(Instant arrived);
  [[nodiscard]] bool current_at_once(UserId user, const Tag& tag) const {
    return timeline_.judge(user, tag) == Verdict::yes;
  }
  /// A finding about the store forbids answers from caches, or there are no findings yet.
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }
  [[nodiscard]] std::vector<Check> findings() const;
  [[nodiscard]] CoherenceFigures figures() const noexcept;

  /// Validates and, once a second, looks at the store's fitness. Returns how long to wait before the next
  /// round.
  std::chrono::nanoseconds round();

 private:
  [[nodiscard]] bool good_for(Instant arrived) const noexcept {
    return good_until_.load() >= arrived.count();
  }
  [[nodiscard]] bool ask_for(Instant arrived, std::chrono::milliseconds patience);
  [[nodiscard]] bool look_up(UserId user, const Tag& tag);
  [[nodiscard]] bool catch_up(std::int64_t position);
  bool validate();
  void install(const Changes& changes);
  void inspect();
  void failed(Instant asked, const char* reason);
  void succeeded(Instant asked);

  // Used by whoever holds the turn.
  Turn turn_;
  const std::unique_ptr<PositionReader> positions_;
  const bool local_;
  Clock& clock_;
  Timeline timeline_;
  Instant retry_at_{};
  Instant inspect_at_{};
  unsigned failures_ = 0;
  bool unfit_ = false;
  bool answers_ = false;  ///< the last validation failed, but the store did answer
  std::chrono::milliseconds delta_{0};
  std::minstd_rand random_;

  // Read by everybody.
  std::atomic<Instant::rep> good_until_;
  std::atomic<Instant::rep> failed_at_;  ///< stamp of the last question that failed
  std::atomic<bool> strict_{false};
  std::atomic<bool> blocked_{true};
  struct SoFar {
    std::atomic<std::uint64_t> validations{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<Instant::rep> asked_at{0};  ///< of the last success
    std::atomic<std::int64_t> position{0};
    std::atomic<std::chrono::milliseconds::rep> delta{0};
  } so_far_;
  mutable std::mutex findings_mutex_;
  std::vector<Check> findings_;
};

}  // namespace ratings
