#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace ratings {

/// A viewer. Valid ids are 0 … 2⁶³−1.
struct UserId {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const UserId&, const UserId&) = default;
};

/// A film. Valid ids are 0 … 2³¹−1.
struct MovieId {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(const MovieId&, const MovieId&) = default;
};

/// One rating event, as in one line of ratings.csv.
struct Rating {
  UserId user;
  MovieId movie;
  float score = 0;             ///< finite, 0 … 10; never -0
  std::int64_t timestamp = 0;  ///< seconds since 1970-01-01 UTC, 0 … kMaxTimestamp

  friend constexpr bool operator==(const Rating&, const Rating&) = default;
};

inline constexpr float kMaxScore = 10.0F;
inline constexpr std::int64_t kMaxTimestamp = 253402300799;  ///< 9999-12-31 23:59:59 UTC

/// The order of a history: oldest first, ties by movie, then by score. Total up to equal records.
[[nodiscard]] constexpr bool older(const Rating& a, const Rating& b) {
  if (a.timestamp != b.timestamp) return a.timestamp < b.timestamp;
  if (a.movie != b.movie) return a.movie < b.movie;
  return a.score < b.score;
}

}  // namespace ratings

template <>
struct std::hash<ratings::UserId> {
  std::size_t operator()(ratings::UserId id) const noexcept {
    // Fibonacci hashing: ids are dense, and libstdc++'s identity hash would put neighbours in one shard.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ULL >> 7);
  }
};
