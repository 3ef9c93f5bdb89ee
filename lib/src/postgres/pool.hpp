#pragma once

#include "postgres/connection.hpp"

#include "ratings/error.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace ratings::postgres {

/// At most `size` connections, made when needed, the last used first. Thread-safe. Waiting and connecting end
/// at the caller's deadline. After a failed connect nobody tries again for a moment (50 ms doubling to 2 s,
/// with jitter), so that a dead server costs nobody a time-out and a reviving one is not stormed.
class Pool {
 public:
  /// `greet` sees each new connection first, and may refuse it.
  using Greeting = std::function<void(Connection&, Instant deadline)>;
  Pool(std::string conninfo, std::size_t size, Greeting greet);

  /// Lends a connection to `use`. A connection that turns out dead on its first use since it was parked is
  /// replaced once, by a fresh one: reads can be repeated.
  template <typename Use>
  auto with(Instant deadline, Use&& use) {
    Lease lease{*this, deadline};
    const bool parked = lease.parked;
    try {
      return use(*lease.connection);
    } catch (const Error& error) {
      if (!parked || !lease.connection->broken() || error.kind() != Kind::unreachable) throw;
    }
    lease.connection.reset();
    lease.connection = connect(deadline);
    return use(*lease.connection);
  }

  /// How many wait for a connection at this moment.
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
  }

 private:
  struct Lease {
    Lease(Pool& owner, Instant deadline);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Pool& pool;
    std::unique_ptr<Connection> connection;
    bool parked = false;  ///< it may have died while nobody looked
  };

  std::unique_ptr<Connection> connect(Instant deadline);

  const std::string conninfo_;
  const std::size_t size_;
  const Greeting greet_;
  /// First come, first served: without an order a thread that returns a connection takes it again before the
  /// one it woke has run, and somebody waits until their deadline.
  struct Waiter {
    std::condition_variable turn;
    bool come = false;
  };
  void wait_for_turn(std::unique_lock<std::mutex>& lock, Instant deadline);
  void leave();

  mutable std::mutex mutex_;
  std::deque<Waiter*> waiting_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t lent_ = 0;
  Instant next_try_{};
  Instant pause_{};
  std::minstd_rand jitter_{std::random_device{}()};
};

}  // namespace ratings::postgres
