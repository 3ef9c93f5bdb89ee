#pragma once

#include "sqlite/database.hpp"

namespace ratings::sqlite {

/// Reads of the position tables; statements prepared once. Each call belongs into the caller's transaction,
/// so that position and rows come from one snapshot.
class PositionTables {
 public:
  explicit PositionTables(Database& database);

  [[nodiscard]] PositionState state();
  /// The user's own position, given the floor of the same snapshot.
  [[nodiscard]] std::int64_t own(UserId user, std::int64_t floor);
  [[nodiscard]] bool is_history(const ReadPoint& point);
  /// Everything after `last`, a point of the history.
  void add_changes(Changes& changes, const ReadPoint& last);

 private:
  Statement state_;
  Statement own_;
  Statement known_;
  Statement moved_;
  Statement passed_;
};

}  // namespace ratings::sqlite
