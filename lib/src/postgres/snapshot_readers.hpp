#pragma once

#include "postgres/connection.hpp"
#include "postgres/pqxx_compat.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ratings::postgres {

/// Connections beside a transaction that read, at the same time, what it would read: its snapshot, taken now.
/// They hold nothing but ACCESS SHARE on ratings, and must not outlive the transaction. Not thread-safe.
class SnapshotReaders {
 public:
  /// `give_up` is asked before every task, from several threads; it throws when the work should end.
  SnapshotReaders(pqxx::work& work, const std::string& conninfo, std::size_t count,
                  std::function<void()> give_up);

  [[nodiscard]] std::size_t count() const noexcept { return connections_.size(); }

  using Task = std::function<void(std::size_t lane, Connection& connection, std::size_t number)>;
  /// task(…, 0) … task(…, tasks − 1), each by the first connection (a lane, a thread) that is free. The
  /// first failure ends all of them.
  void each(std::size_t tasks, const Task& task);

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  std::function<void()> give_up_;
};

}  // namespace ratings::postgres
