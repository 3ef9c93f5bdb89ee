#pragma once

#include "ratings/model.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings {

/// Which users are excluded from loads, and the newest batch that excludes each. Not thread-safe.
class ExclusionList {
 public:
  /// Of several batches the highest number, which is the newest, counts.
  void exclude(UserId user, std::int64_t batch);
  [[nodiscard]] std::optional<std::int64_t> batch_of(UserId user) const;
  [[nodiscard]] bool empty() const noexcept { return batches_.empty(); }

  struct Split {
    std::span<const Rating> kept;
    std::span<const Rating> held;  ///< rows of excluded users
  };
  /// Both in the order given. The spans are good until the next call, and as long as `rows` is.
  [[nodiscard]] Split split(std::span<const Rating> rows);

 private:
  std::unordered_map<UserId, std::int64_t> batches_;
  std::vector<Rating> kept_;
  std::vector<Rating> held_;
};

}  // namespace ratings
