#pragma once

#include "redis/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace ratings::redis {

/// A bounded set of connections, last used first out, so that the rest may idle. Thread-safe.
class Pool {
 public:
  /// 32: a command takes some 50 µs, so more would only queue inside Redis, which runs one command at a time.
  static constexpr std::size_t kMaxConnections = 32;

  explicit Pool(Address address) : address_{std::move(address)} {}

  /// Asks on one connection, in one go; it is kept only if that worked. Throws Fault.
  [[nodiscard]] std::vector<Reply> ask(std::span<const Connection::Command> commands);
  [[nodiscard]] const Address& address() const noexcept { return address_; }

  struct Connections {
    std::size_t in_use = 0;
    std::size_t idle = 0;
  };
  [[nodiscard]] Connections connections() const {
    const std::scoped_lock lock{mutex_};
    return {.in_use = taken_, .idle = idle_.size()};
  }

 private:
  class Seat;
  [[nodiscard]] std::unique_ptr<Connection> idle_one();

  const Address address_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t taken_ = 0;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace ratings::redis
