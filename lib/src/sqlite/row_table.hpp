#pragma once

#include "sqlite/database.hpp"

#include "ratings/model.hpp"

#include <memory>
#include <span>

namespace ratings::sqlite {

/// The rows of a span as the table `ratingsctl_rows` of one connection, so that one INSERT … SELECT stores
/// thousands: binding and starting a statement for each row took longer than storing it. A virtual table in
/// SQLite's sense (sqlite.org/vtab.html), eponymous, read from front to back. Not thread-safe; the database
/// must outlive it.
class RowTable {
 public:
  /// Error{store} when SQLite refuses the module.
  explicit RowTable(Database& database);
  ~RowTable();
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  /// What the table holds from now on. The rows must stay until the statement that reads them has ended.
  void show(std::span<const Rating> rows) noexcept { *rows_ = rows; }

 private:
  const std::unique_ptr<std::span<const Rating>> rows_;  ///< SQLite keeps its address
};

}  // namespace ratings::sqlite
