#pragma once

#include "ratings/model.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ratings {

/// Coherence by commit positions (research: reliability §1.3, DESIGN §6).
///
/// Every statement that changes ratings gives the store a new *position*, in commit order, and a random
/// *salt*. Each user has an *own position*: that of the last change that touched them, at least the *floor*
/// that bulk changes raise. A value read from the store carries these numbers from the same snapshot as its
/// rows; it may be used as long as a check no older than Δ shows that its user has not moved on, and that its
/// (position, salt) is part of the store's history. A restored or failed-over database has another history,
/// so everything cached from the lost one is refused by itself.
///
/// Positions are counted in a *position domain*: what has one order of commits. Today that is the whole
/// store; of a sharded one it would be a shard. Nothing here compares positions of two domains.

/// 128 random bits drawn with every position.
struct Salt {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const Salt&, const Salt&) = default;
};

/// A point in the store's history.
struct ReadPoint {
  std::int64_t position = 0;
  Salt salt;
  friend constexpr auto operator<=>(const ReadPoint&, const ReadPoint&) = default;
};

/// What a cached value carries.
struct Tag {
  std::int64_t own = 0;  ///< the user's own position, floor included, in the snapshot of the rows
  ReadPoint read;        ///< the store's position in that snapshot
  friend constexpr auto operator<=>(const Tag&, const Tag&) = default;
};

/// The position row: one for the whole store today, one a shard some day.
struct PositionState {
  ReadPoint now;
  std::int64_t floor = 0;             ///< every user's own position is at least this
  std::chrono::milliseconds delta{};  ///< Δ: how old a check may be; 0 = one after each request's arrival
  std::int64_t generation = 1;        ///< starts empty, ends with --replace or TRUNCATE
  std::string store_id;               ///< UUID made with the schema; part of every cache key
};

/// What moved since a point in history.
struct Changes {
  PositionState state;
  bool recovery = false;     ///< answered by a standby, which may lag: nothing can be validated against it
  bool known_point = false;  ///< the point asked about is part of the history
  bool overflow = false;     ///< too many users moved to list them: treat all as moved
  std::vector<std::pair<UserId, std::int64_t>> moved;  ///< user, new own position
  std::vector<ReadPoint> history;  ///< the points passed since then, oldest first; may be cut to the newest
};

/// The answer to "is this value, read at that point, still the user's last word?", from one snapshot.
struct Standing {
  bool known_point = false;  ///< the value's read point is part of the history
  std::int64_t own = 0;      ///< the user's own position now, floor included
  ReadPoint now;             ///< where the store was when it answered
};

}  // namespace ratings
