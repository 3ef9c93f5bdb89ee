#pragma once

#include "ratings/model.hpp"

#include <cstddef>
#include <unordered_set>
#include <vector>

namespace ratings {

/// Which users were met. Ids are dense in practice, so they are bits; large ones take the general way.
/// Not thread-safe.
class UserSet {
 public:
  /// True when the user was not in it.
  bool insert(UserId user) {
    if (user.value >= kDense) return sparse_.insert(user).second;
    const auto index = static_cast<std::size_t>(user.value);
    if (index >= dense_.size()) dense_.resize(index + index / 2 + 1);
    const bool is_new = !dense_[index];
    dense_[index] = true;
    return is_new;
  }

 private:
  static constexpr std::int64_t kDense = std::int64_t{1} << 26;  // 8 MB of bits, 12 MB as they grow
  std::vector<bool> dense_;
  std::unordered_set<UserId> sparse_;
};

}  // namespace ratings
