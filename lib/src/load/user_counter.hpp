#pragma once

#include "ratings/model.hpp"

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

namespace ratings {

/// How many distinct users were met. Thread-safe. Ids are dense in practice, so they are bits, 8 MB of them;
/// ids from 2²⁶ on take the general way, some 40 bytes each.
class UserCounter {
 public:
  UserCounter();

  void add(std::span<const Rating> rows);
  /// Those met, without the ones in `left_out`. Not while others add.
  [[nodiscard]] std::uint64_t count_without(std::span<const UserId> left_out) const;

 private:
  [[nodiscard]] bool met(UserId user) const;

  std::vector<std::uint64_t> dense_;
  std::mutex mutex_;  ///< of sparse_
  std::unordered_set<UserId> sparse_;
};

}  // namespace ratings
