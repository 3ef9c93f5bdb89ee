#pragma once

#include "ratings/model.hpp"
#include "ratings/position.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ratings {

/// What is to be thought of a cached value.
enum class Verdict {
  yes,    ///< it is its user's last word, as far as the last check saw
  no,     ///< it is not
  ask,    ///< read before we began to watch: PositionReader::standing() knows
  ahead,  ///< read after the last check: the next one knows
};

/// The store's history as the validator has seen it: which points are part of it, and which users moved since
/// when.
///
/// judge() is thread-safe beside one writer; start(), advance() and adopt() belong to whoever holds the
/// validator's turn. After std::bad_alloc the next start() or advance() repairs the state, and nothing was
/// accepted wrongly.
///
/// Why judge() may say yes. Let P be the newest point installed and S the point from which a shard watches;
/// every point in `points` was reported, together with P, by one snapshot of the store, so all are one line
/// of history.
///  1. The tag's read point (position and salt) is one of them, or the store itself confirmed it (adopt). A
///  value
///     from a history that was lost to a restore or failover has another salt, and none of the rules lets it
///     in.
///  2. If the user moved after S, or the floor rose above S, the user's own position at P is known exactly.
///  Own
///     positions are unique in one history, and a tag's own position belongs to its rows' snapshot: equal
///     means that no change lies between that snapshot and P, different means that one does.
///  3. If the user did not move after S, a value read at or after S holds the rows of S, which are those of
///  P.
///     For one read before S only the store can say; it is asked once, and the answer (adopt: "as of N ≥ S
///     this very tag is the user's last word") stays true until rule 2 sees the user move.
///  4. A value read at a point after P is `ahead`, and not used before a check has reached it: that the
///     point is real is not known earlier. So the race between a miss and the validator needs no order
///     between them: a value is never compared when it is stored, always when it is used, and then by its
///     own numbers.
/// Forgetting is always safe: with S := P every older value is merely asked about again.
class Timeline {
 public:
  /// Beyond these, a shard starts watching anew, or forgets: flat memory, about 10 MB in all.
  static constexpr std::size_t kMaxUsers = 100'000;
  static constexpr std::size_t kMaxPoints = 10'000;

  Timeline();
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// The point up to which everything is known; nullopt before the first start().
  [[nodiscard]] const std::optional<ReadPoint>& last() const noexcept { return last_; }

  /// Forgets everything and watches from `state` on.
  void start(const PositionState& state);
  /// `changes` since last(), which the store confirmed as part of its history.
  void advance(const Changes& changes);
  [[nodiscard]] Verdict judge(UserId user, const Tag& tag) const;
  /// What the store answered about `tag`; true if it is the user's last word. Remembered if so.
  bool adopt(UserId user, const Tag& tag, const Standing& standing);

 private:
  using Points = std::vector<ReadPoint>;  // ascending
  struct Shard;

  [[nodiscard]] Shard& shard(UserId user) const noexcept;
  [[nodiscard]] std::shared_ptr<const Points> longer(const Changes& changes) const;

  /// Each shard is a whole small timeline for its users, so that a reader takes one lock that few others
  /// want.
  static constexpr std::size_t kShards = 16;
  std::unique_ptr<std::array<Shard, kShards>> shards_;
  std::shared_ptr<const Points> points_;
  std::optional<ReadPoint> last_;
};

}  // namespace ratings
