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

/// Largely the same films in the same hours, at least three accounts. Two accounts agree in one minimum with
/// the probability that is the share of (film, hour) they have in common (Broder, "On the resemblance and
/// containment of documents", 1997); two minima of eight are asked for, so that half in common is nearly
/// always seen, and a chance meeting on a popular film is not.
[[nodiscard]] Company lock_step(std::span<const Behaviour> accounts, std::uint64_t min_ratings);

}  // namespace ratings::suspects
