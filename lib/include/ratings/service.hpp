#pragma once

#include "ratings/cache.hpp"
#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/sampler.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ratings {

/// Where an answer came from; the value of X-Cache.
enum class Source {
  memory,
  redis,
  miss,    ///< the store; kept for next time
  bypass,  ///< the store; no cache could be used
};
[[nodiscard]] RATINGS_EXPORT const char* to_string(Source source) noexcept;

/// From a request's arrival to the store's answer, else Error{busy}: longer than that and a page's visitor
/// has given up. So nobody still holds rows of before a change when this time has passed since.
inline constexpr std::chrono::seconds kRequestDeadline{2};

struct Answer {
  CachedHistoryPtr history;
  Source source = Source::miss;
};

/// "What has this user rated?": memory ▸ Redis ▸ store, each candidate checked before it is used; one store
/// read at a time for one user. Thread-safe. Throws what HistoryReader throws.
class RATINGS_EXPORT RatingService {
 public:
  /// Null caches are allowed: no memory tier, no Redis. `sampler` may be null; it is told of every hit.
  /// Everything must outlive the service.
  RatingService(HistoryReader& store, Coherence& coherence, Cache* memory, Cache* redis, Clock& clock,
                Sampler* sampler = nullptr);
  ~RatingService();

  /// What memory holds, if that is known to be good without waiting for anybody, and needs no work: its gzip
  /// copy is made if it is `wanted`. Else nullopt, and history() knows. `arrived`: as below.
  enum class GzipCopy { wanted, unwanted };
  [[nodiscard]] std::optional<Answer> hit(UserId user, GzipCopy copy, Instant arrived);
  /// `arrived`: read from the clock after the request's last byte.
  [[nodiscard]] Answer history(UserId user, Instant arrived);
  /// In the order asked for; those not cached come from one statement.
  [[nodiscard]] std::vector<Answer> histories(std::span<const UserId> users, Instant arrived);
  [[nodiscard]] ServiceFigures figures() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratings
