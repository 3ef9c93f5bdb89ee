#pragma once

#include "postgres/connection.hpp"
#include "postgres/copy_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ratings::postgres {

/// One of the tables that a bulk load fills, over a connection and in a transaction of its own: a table made
/// in the transaction that fills it can be written frozen and, where wal_level is minimal, without WAL.
/// Nobody sees it before commit(), and no reader of ratings before it is swapped in. Not thread-safe, except
/// cancel().
class ChildLoad {
 public:
  /// Child `remainder` of `modulus`.
  ChildLoad(const std::string& conninfo, std::size_t modulus, std::size_t remainder);

  [[nodiscard]] CopyStream& rows() noexcept { return *copy_; }
  /// Ends the COPY; how many rows the server stored.
  std::uint64_t finish_copy();
  void index();
  void analyse();
  void commit();

  /// Schema-qualified and quoted.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  void cancel() noexcept { connection_.cancel(); }

 private:
  Connection connection_;
  std::string name_;
  std::optional<CopyStream> copy_;
};

/// Statistics of `ratings` as a whole, after the swap: the server makes none by itself (PostgreSQL manual,
/// "Updating Planner Statistics"), and whoever groups by user from psql would get a plan for 200 users. The
/// load is committed: what fails is logged.
void analyse_ratings(Connection& connection) noexcept;

}  // namespace ratings::postgres
