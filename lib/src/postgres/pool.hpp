#pragma once

#include "postgres/connection.hpp"
#include "store/seats.hpp"

#include "ratings/error.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ratings::postgres {

/// At most `size` connections, made when needed, the last used first. Thread-safe. Waiting (see Seats) and
/// connecting end at the caller's deadline. After a failed connect nobody tries again for a moment (50 ms
/// doubling to 2 s, with jitter), so that a dead server costs nobody a time-out and a reviving one is not
/// stormed; unless the caller's deadline was too near to tell.
class Pool {
 public:
  /// `greet` sees each new connection first, and may refuse it.
  using Greeting = std::function<void(Connection&, Instant deadline)>;
  Pool(std::string conninfo, std::size_t size, Greeting greet);

  /// Lends a connection to `use`. A connection that turns out dead on its first use since it was parked is
  /// replaced once, by a fresh one: reads can be repeated.
  template <typename Use>
  auto with(Instant deadline, Use&& use) {
    return lend(seats_.take(deadline), deadline, use);
  }

  /// The same over a connection that nobody else wants: nullopt unless another one stays free.
  template <typename Use>
  auto with_spare(Instant deadline, Use&& use) -> std::optional<decltype(use(std::declval<Connection&>()))> {
    auto seat = seats_.take_spare();
    if (!seat) return std::nullopt;
    return lend(*std::move(seat), deadline, use);
  }

  [[nodiscard]] PoolFigures figures() const { return seats_.figures(); }

 private:
  template <typename Use>
  auto lend(Seats::Seat seat, Instant deadline, Use&& use) {
    refuse_late(deadline);
    Lease lease{*this, std::move(seat), deadline};
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

  struct Lease {
    Lease(Pool& owner, Seats::Seat taken, Instant deadline);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Pool& pool;
    Seats::Seat seat;  ///< before the connection: given back after it
    std::unique_ptr<Connection> connection;
    bool parked = false;  ///< it may have died while nobody looked
  };

  /// Error{busy} for one who waited too long: its question could only be given up, and with it the
  /// connection.
  static void refuse_late(Instant deadline);
  std::unique_ptr<Connection> connect(Instant deadline);

  const std::string conninfo_;
  const Greeting greet_;
  Seats seats_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  Instant next_try_{};
  Instant pause_{};
  std::minstd_rand jitter_{std::random_device{}()};
};

}  // namespace ratings::postgres
