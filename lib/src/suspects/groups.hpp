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

}  // namespace ratings::suspects
