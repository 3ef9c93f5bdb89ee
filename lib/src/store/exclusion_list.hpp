#pragma once

#include "ratings/model.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings {

/// Which users are excluded from loads, and the newest batch that excludes each. Thread-safe once it is
/// filled.
class ExclusionList {
 public:
  /// Of several batches the highest number, which is the newest, counts.
  void exclude(UserId user, std::int64_t batch);
  [[nodiscard]] std::optional<std::int64_t> batch_of(UserId user) const;
  /// Each once, in no order.
  [[nodiscard]] std::vector<UserId> users() const;

  struct Split {
    std::span<const Rating> kept;
    std::span<const Rating> held;  ///< rows of excluded users
  };
  /// Where split() puts rows that it must copy; one for each thread.
  struct Scratch {
    std::vector<Rating> kept;
    std::vector<Rating> held;
  };
  /// Both in the order given. The spans are good until the scratch is used again, and as long as `rows` is.
  [[nodiscard]] Split split(std::span<const Rating> rows, Scratch& scratch) const;

 private:
  std::unordered_map<UserId, std::int64_t> batches_;
};

}  // namespace ratings
