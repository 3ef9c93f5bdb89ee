#pragma once

#include "load/user_set.hpp"

#include "ratings/load.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace ratings {

/// Hands rows to the writer and counts the distinct users among those that were not held back. Without a
/// writer (a dry run) it only counts. Not thread-safe.
class RowSender {
 public:
  explicit RowSender(RatingWriter* writer) : writer_{writer} {}

  /// How many of the rows were held back.
  [[nodiscard]] std::size_t send(std::span<const Rating> rows);
  [[nodiscard]] std::uint64_t users() const noexcept { return users_; }

 private:
  [[nodiscard]] std::size_t append(std::span<const Rating> rows);

  RatingWriter* writer_;
  UserSet met_;
  std::optional<UserId> last_;
  std::uint64_t users_ = 0;
};

}  // namespace ratings
