#pragma once

#include "ratings/clock.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/position.hpp"
#include "ratings/store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// Decides whether a cached value may be used. Thread-safe; never throws: in doubt, no.
///
/// Δ > 0: a background thread checks the store every Δ/4, with the clock stamped before the question is sent,
/// and values are good while that stamp is at most Δ old. Δ = 0 (strict mode, and the embedded default): a
/// check sent after the request arrived, shared by all who wait at that moment.
class RATINGS_EXPORT Coherence {
 public:
  virtual ~Coherence() = default;
  /// True if a check of the store made at most Δ before `arrived` (after it, in strict mode) shows that `tag`
  /// is still the user's last word and part of the store's history.
  [[nodiscard]] virtual bool usable(UserId user, const Tag& tag, Instant arrived) noexcept = 0;
  /// usable(), but false where that would have to wait for a server: for threads that many clients share.
  [[nodiscard]] virtual bool usable_at_once(UserId user, const Tag& tag, Instant arrived) noexcept = 0;
  /// False while nothing may come from a cache: no fresh check, or a broken trigger.
  [[nodiscard]] virtual bool trusted(Instant arrived) noexcept = 0;
  /// The last findings about the store: reachable, schema, triggers, …
  [[nodiscard]] virtual std::vector<Check> checks() const = 0;
  /// nullopt: it does not validate.
  [[nodiscard]] virtual std::optional<CoherenceFigures> figures() const { return std::nullopt; }
};

/// Takes `positions` and `hints` for itself; its background thread ends with the object. The store may be
/// away at the start. `hints` may be null; they make a change known sooner, and nothing else.
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<Coherence> make_coherence(
    std::unique_ptr<PositionReader> positions, Clock& clock, std::unique_ptr<ChangeHints> hints = nullptr);

}  // namespace ratings
