#include "postgres/pool.hpp"

#include "postgres/conninfo.hpp"

#include <algorithm>

namespace ratings::postgres {
namespace {
using namespace std::chrono_literals;
constexpr Instant kFirstPause = 50ms;
constexpr Instant kLongestPause = 2s;
/// A server in another part of the world connects within it: eight round trips of 60 ms.
constexpr Instant kFairTime = 500ms;
}  // namespace

Pool::Pool(std::string conninfo, std::size_t size, Greeting greet)
    : conninfo_{std::move(conninfo)}, greet_{std::move(greet)}, seats_{size} {}

Pool::Lease::Lease(Pool& owner, Seats::Seat taken, Instant deadline) : pool{owner}, seat{std::move(taken)} {
  {
    const std::lock_guard lock{pool.mutex_};
    if (!pool.idle_.empty()) {
      connection = std::move(pool.idle_.back());
      pool.idle_.pop_back();
      parked = true;
      return;
    }
  }
  connection = pool.connect(deadline);
}

Pool::Lease::~Lease() {
  const std::lock_guard lock{pool.mutex_};
  if (connection && !connection->broken()) pool.idle_.push_back(std::move(connection));
}

void Pool::refuse_late(Instant deadline) {
  if (boot_clock().now() < deadline) return;
  throw Error{Kind::busy, "reading from PostgreSQL: no time is left, all connections were in use"};
}

std::unique_ptr<Connection> Pool::connect(Instant deadline) {
  {
    const std::lock_guard lock{mutex_};
    if (boot_clock().now() < next_try_) {
      throw Error{Kind::unreachable,
                  "PostgreSQL at " + target_of(conninfo_) + " did not answer a moment ago"};
    }
  }
  const bool fair = deadline - boot_clock().now() >= kFairTime;
  try {
    auto connection = std::make_unique<Connection>(conninfo_, deadline);
    greet_(*connection, deadline);
    const std::lock_guard lock{mutex_};
    // The server is back: nobody waits out what an attempt that failed later, but began earlier, has set.
    pause_ = Instant::zero();
    next_try_ = Instant::zero();
    return connection;
  } catch (const Error& error) {
    if (error.kind() == Kind::busy && !fair) throw;
    const std::lock_guard lock{mutex_};
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    next_try_ = boot_clock().now() + Instant{std::uniform_int_distribution<Instant::rep>{
                                         pause_.count() / 2, pause_.count()}(jitter_)};
    throw;
  }
}

}  // namespace ratings::postgres
