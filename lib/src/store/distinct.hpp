#pragma once

#include "ratings/model.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace ratings {

/// Each user once, ascending: the order in which a store's index finds them cheapest.
[[nodiscard]] inline std::vector<UserId> distinct(std::span<const UserId> users) {
  std::vector<UserId> once{users.begin(), users.end()};
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  return once;
}

}  // namespace ratings
