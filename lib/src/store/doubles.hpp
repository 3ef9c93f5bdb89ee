#pragma once

#include "ratings/cleanup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace ratings {

/// A record and where it lies in the store; of equal records the one at the lowest place stays.
struct PlacedRating {
  Rating rating;
  std::int64_t place = 0;
};

/// What dedupe means, for every store: which records are doubles, and which events have different ratings.
/// Not thread-safe.
class DoubleFinder {
 public:
  using Take = std::function<void(std::int64_t place)>;

  /// `take` is told of every double.
  explicit DoubleFinder(Take take) : take_{std::move(take)} {}

  /// All records of some events (a user, a movie, a time), in any order; sorts them.
  void examine(std::vector<PlacedRating>& records);

  /// For events of more records than should be held: takes all but the two lowest of what is equal among
  /// those that have come so far, which examine() then counts as if it had seen all. Sorts what it leaves.
  void thin(std::vector<PlacedRating>& records);

  /// Figures, users and conflicts of everything examined, into `result`.
  void report(DedupeResult& result) const;

 private:
  using Place = std::vector<PlacedRating>::const_iterator;
  void examine_event(Place first, Place end);
  void keep(const Conflict& conflict);

  Take take_;
  std::unordered_map<UserId, std::uint64_t> doubles_;
  std::uint64_t groups_ = 0;
  std::uint64_t conflict_count_ = 0;
  std::vector<Conflict> conflicts_;  ///< by user, movie, time
};

/// How many records of some events are held before thin() is worth while: so many at once, and twice what the
/// last thinning left, so that records of which none can be taken are sorted log n times and not n times. Not
/// thread-safe.
class ThinningLimit {
 public:
  explicit ThinningLimit(std::size_t at_once) noexcept : at_once_{at_once}, most_{at_once} {}
  /// Records that may be held before the next thinning.
  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  void thinned_to(std::size_t left) noexcept { most_ = std::max(at_once_, 2 * left); }

 private:
  std::size_t at_once_;
  std::size_t most_;
};

}  // namespace ratings
