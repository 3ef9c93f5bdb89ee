#pragma once

#include "coherence/validator.hpp"

#include "ratings/coherence.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace ratings {

/// Who calls tick(): a thread of our own, or the owner (tests, which own time).
enum class Background { thread, none };

/// Coherence by commit positions: the validator for when, the timeline for what.
class PositionCoherence final : public Coherence {
 public:
  /// Tries a first validation before it returns; a store that is away costs at most a second.
  /// `seed`: of what is left to chance, the pauses between retries.
  PositionCoherence(std::unique_ptr<PositionReader> positions, Clock& clock, Background background,
                    std::unique_ptr<ChangeHints> hints = nullptr, unsigned seed = std::random_device{}());

  [[nodiscard]] bool usable(UserId user, const Tag& tag, Instant arrived) noexcept override;
  [[nodiscard]] bool usable_at_once(UserId user, const Tag& tag, Instant arrived) noexcept override;
  [[nodiscard]] bool trusted(Instant arrived) noexcept override;
  [[nodiscard]] std::vector<Check> checks() const override { return validator_.findings(); }

  [[nodiscard]] std::optional<CoherenceFigures> figures() const override { return validator_.figures(); }

  /// One round of the background thread; returns how long it would wait.
  std::chrono::nanoseconds tick() { return validator_.round(); }

 private:
  void run(const std::stop_token& stop, std::chrono::nanoseconds pause);
  void sleep(const std::stop_token& stop, std::chrono::nanoseconds pause);

  Validator validator_;
  const std::unique_ptr<ChangeHints> hints_;  ///< the background thread's; may be null
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace ratings
