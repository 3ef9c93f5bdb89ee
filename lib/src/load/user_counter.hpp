#pragma once

#include "ratings/model.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>

namespace ratings {

/// How many distinct users were met. Thread-safe. Ids are dense in practice, so they are bits of 8 MB that
/// cost memory only where they are touched; ids from 2²⁶ on take the general way, some 40 bytes each.
class UserCounter {
 public:
  UserCounter();

  void add(std::span<const Rating> rows);
  /// Those met, without the ones in `left_out`. Not while others add.
  [[nodiscard]] std::uint64_t count_without(std::span<const UserId> left_out) const;

 private:
  struct Free {
    void operator()(std::uint64_t* words) const noexcept { std::free(words); }
  };
  [[nodiscard]] bool met(UserId user) const;

  std::unique_ptr<std::uint64_t[], Free> dense_;
  std::mutex mutex_;  ///< of sparse_
  std::unordered_set<UserId> sparse_;
};

}  // namespace ratings
