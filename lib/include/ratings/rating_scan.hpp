#pragma once

#include "ratings/export.hpp"
#include "ratings/model.hpp"
#include "ratings/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace ratings {

/// Reads very many ratings, one after the other, for exports and reports. Neither blocks writers nor waits
/// for them. Not thread-safe. Throws Error{unreachable|store}.
class RATINGS_EXPORT RatingScan {
 public:
  virtual ~RatingScan() = default;
  /// Every rating of these users (of everybody when `users` is empty), out of one snapshot, in no particular
  /// order; memory does not grow with their number. Returns how many. `take` may throw: the scan
  /// ends, and this object with it.
  virtual std::uint64_t each(std::span<const UserId> users,
                             const std::function<void(const Rating&)>& take) = 0;
  /// Every rating at or after `since`, user by user: `take` sees one user's, in a history's order, and each
  /// user once, in ascending order. Out of one snapshot; memory grows with the longest history only. Returns
  /// how many ratings. `take` may throw, as above.
  virtual std::uint64_t each_user(std::int64_t since,
                                  const std::function<void(std::span<const Rating>)>& take) = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options);

}  // namespace ratings
