#pragma once

#include "ratings/model.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_set>
#include <vector>

namespace ratings {

/// Each user once, ascending: the order in which a store's index finds them cheapest.
[[nodiscard]] inline std::vector<UserId> distinct(std::span<const UserId> users) {
  std::vector<UserId> once{users.begin(), users.end()};
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  return once;
}

/// Each user once, in the order in which they first come.
[[nodiscard]] inline std::vector<UserId> each_once(std::span<const UserId> users) {
  std::unordered_set<UserId> seen;
  std::vector<UserId> once;
  std::copy_if(users.begin(), users.end(), std::back_inserter(once),
               [&](UserId user) { return seen.insert(user).second; });
  return once;
}

}  // namespace ratings
