#pragma once

#include "ratings/model.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace ratings::suspects {

/// How many values describe what an account rated when; see lock_step.hpp.
inline constexpr std::size_t kSketch = 8;
/// In the place of a value that a short history does not have.
inline constexpr std::uint32_t kNothing = std::numeric_limits<std::uint32_t>::max();

/// What one account's history shows without knowing the others. Kept for every account, so it is small.
struct Behaviour {
  UserId user;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::uint64_t content = 0;  ///< of all its (film, score), without doubles: equal sets, equal numbers
  std::array<std::uint32_t, kSketch> sketch{};  ///< the smallest hashes of its (film, hour)
  std::uint32_t ratings = 0;
  float entropy = 0;     ///< of its scores, in bits (Shannon 1948)
  float favourite = 0;   ///< the score it gave most often
  float favoured = 0;    ///< that score's share of its ratings
  float extreme = 0;     ///< share of the population's lowest and highest score; filled in by the second pass
  float steadiness = 0;  ///< share of its most frequent pause of a second or more
  float steady_pause = 0;  ///< that pause, in seconds
  float busiest = 0;       ///< most ratings within 60 seconds
  float distance = 0;      ///< mean of |score − the film's mean|; second pass
  float rdma = 0;          ///< rating deviation from mean agreement; second pass
};

/// A hash of which film was rated in which hour.
[[nodiscard]] std::uint32_t film_and_hour(const Rating& rating) noexcept;

/// The first pass. `history` has at least one rating and is in a history's order.
[[nodiscard]] Behaviour behaviour_of(std::span<const Rating> history);

}  // namespace ratings::suspects
