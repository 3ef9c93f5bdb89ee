#pragma once

#include "core/counters.hpp"

#include "ratings/sampler.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace ratings {

/// The Sampler. A hit that is chosen goes into a place for one; what does not fit is dropped, so a slow store
/// costs comparisons, never memory or a request's time.
///
/// What is a mismatch, when the store's bytes differ from the cached ones:
///  - The store's own position for the user is the cached one: then nothing may have changed the rows. (A
///    position before the cached value's, or the same with another salt, is another history, after a restore:
///    nothing can be said.)
///  - It is another one, so the user was changed; whether the hit was right before that change is not known
///  any
///    more. But Δ later every check was sent after this reading, and must refuse the cached value. If it does
///    not, and the store still says the same, the cache believes what is not so.
class HitSampler final : public Sampler {
 public:
  enum class Background { thread, none };  ///< none: the owner calls step() (tests, which own time)

  HitSampler(HistoryReader& store, Coherence& coherence, Clock& clock, SamplerOptions options,
             Background background);

  void hit(const CachedHistoryPtr& value) noexcept override;
  [[nodiscard]] SamplerFigures figures() const noexcept override;

  /// Compares what waits, and looks again at what was found changed once that is due.
  void step();

 private:
  struct Suspect {
    CachedHistoryPtr value;
    Tag found;  ///< what the store said
    Instant due{};
  };
  enum class Number { equal, changed, skipped, mismatches, numbers };

  void run(const std::stop_token& stop);
  void compare(const CachedHistoryPtr& value);
  void look_again(const Suspect& suspect);
  [[nodiscard]] std::optional<History> read(UserId user);
  void report(const CachedHistory& value, const Tag& found);
  void count(Number number) noexcept { numbers_.add(static_cast<std::size_t>(number)); }

  HistoryReader& store_;
  Coherence& coherence_;
  Clock& clock_;
  const SamplerOptions options_;
  ShardedCounters<1> hits_;
  ShardedCounters<static_cast<std::size_t>(Number::numbers)> numbers_;
  Instant last_logged_{};
  std::optional<Suspect> suspect_;  ///< of the thread that calls step()

  std::mutex mutex_;
  std::condition_variable_any chosen_one_;
  CachedHistoryPtr waiting_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace ratings
