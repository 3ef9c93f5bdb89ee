#pragma once

#include "suspects/behaviour.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ratings::suspects {

/// For each account how many others are like it; 0: none, or it has fewer than `min_ratings`.
using Company = std::vector<std::uint32_t>;

/// Exactly the same films with the same scores, at whatever time.
[[nodiscard]] Company clones(std::span<const Behaviour> accounts, std::uint64_t min_ratings);

/// Largely the same films in the same hours, at least three accounts. Of all (film, hour) the smallest hashes
/// are a random sample that is the same for everybody, so what accounts have in common is in the samples of
/// all of them (Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007). Three of eight are asked
/// for: half in common is nearly always seen, and a meeting on one or two popular films is not.
[[nodiscard]] Company lock_step(std::span<const Behaviour> accounts, std::uint64_t min_ratings);

}  // namespace ratings::suspects
