#include "postgres/pool.hpp"

#include "postgres/conninfo.hpp"

#include <algorithm>

namespace ratings::postgres {
namespace {
using namespace std::chrono_literals;
constexpr Instant kFirstPause = 50ms;
constexpr Instant kLongestPause = 2s;
}  // namespace

Pool::Pool(std::string conninfo, std::size_t size, Greeting greet)
    : conninfo_{std::move(conninfo)}, size_{std::max<std::size_t>(size, 1)}, greet_{std::move(greet)} {}

Pool::Lease::Lease(Pool& owner, Instant deadline) : pool{owner} {
  {
    std::unique_lock lock{pool.mutex_};
    if (pool.lent_ < pool.size_) {
      ++pool.lent_;
    } else {
      pool.wait_for_turn(lock, deadline);
    }
    if (!pool.idle_.empty()) {
      connection = std::move(pool.idle_.back());
      pool.idle_.pop_back();
      parked = true;
      return;
    }
  }
  try {
    connection = pool.connect(deadline);
  } catch (...) {
    const std::lock_guard lock{pool.mutex_};
    pool.leave();
    throw;
  }
}

Pool::Lease::~Lease() {
  const std::lock_guard lock{pool.mutex_};
  if (connection && !connection->broken()) pool.idle_.push_back(std::move(connection));
  pool.leave();
}

/// Returns with a place that leave() handed over; lent_ stays as it is.
void Pool::wait_for_turn(std::unique_lock<std::mutex>& lock, Instant deadline) {
  Waiter waiter;
  waiting_.push_back(&waiter);
  if (waiter.turn.wait_for(lock, deadline - boot_clock().now(), [&] { return waiter.come; })) return;
  std::erase(waiting_, &waiter);
  throw Error{Kind::busy, "all " + std::to_string(size_) + " PostgreSQL connections are in use"};
}

/// Hands the place on to who has waited longest.
void Pool::leave() {
  if (waiting_.empty()) {
    --lent_;
    return;
  }
  waiting_.front()->come = true;
  waiting_.front()->turn.notify_one();
  waiting_.pop_front();
}

std::unique_ptr<Connection> Pool::connect(Instant deadline) {
  {
    const std::lock_guard lock{mutex_};
    if (boot_clock().now() < next_try_) {
      throw Error{Kind::unreachable,
                  "PostgreSQL at " + target_of(conninfo_) + " did not answer a moment ago"};
    }
  }
  try {
    auto connection = std::make_unique<Connection>(conninfo_, deadline);
    greet_(*connection, deadline);
    const std::lock_guard lock{mutex_};
    // The server is back: nobody waits out what an attempt that failed later, but began earlier, has set.
    pause_ = Instant::zero();
    next_try_ = Instant::zero();
    return connection;
  } catch (const Error&) {
    const std::lock_guard lock{mutex_};
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    next_try_ = boot_clock().now() + Instant{std::uniform_int_distribution<Instant::rep>{
                                         pause_.count() / 2, pause_.count()}(jitter_)};
    throw;
  }
}

}  // namespace ratings::postgres
