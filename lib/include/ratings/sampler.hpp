#pragma once

#include "ratings/cache.hpp"
#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/store.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ratings {

/// Compares one hit in N with the store, beside the requests: an observer that would see the cache lie, and
/// the proof in production that it does not. Thread-safe.
class RATINGS_EXPORT Sampler {
 public:
  virtual ~Sampler() = default;
  /// A value that was just used as an answer. Costs a counter; one in N is put aside for comparison unless
  /// another one still waits for it, or the history has megabytes.
  virtual void hit(const CachedHistoryPtr& value) noexcept = 0;
  [[nodiscard]] virtual SamplerFigures figures() const noexcept = 0;
};

struct SamplerOptions {
  std::uint64_t one_in = 10'000;  ///< 1: every hit that finds the sampler idle
  std::vector<Cache*> tiers;      ///< where a wrong value is dropped
};

/// With a thread of its own, which ends with the object. Reads over a connection that `store` can spare, else
/// not at all. Everything given must outlive it.
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<Sampler> make_sampler(HistoryReader& store, Coherence& coherence,
                                                                   Clock& clock,
                                                                   const SamplerOptions& options);

}  // namespace ratings
