#include "postgres/swap_lock.hpp"

#include "ratings/error.hpp"

#include <chrono>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

// Readers and writers do not conflict with it. An autovacuum does, and the server cancels it for whoever has
// waited for deadlock_timeout, a second, which the short tries never do (PostgreSQL manual, "Explicit
// Locking" and "The Autovacuum Daemon").
constexpr const char* kEndVacuum = "LOCK TABLE public.ratings IN SHARE UPDATE EXCLUSIVE MODE";
constexpr const char* kLock = "LOCK TABLE public.ratings IN ACCESS EXCLUSIVE MODE";
// What the rest of the load changes, too: somebody who holds it must not hold up everybody who queues behind
// us.
constexpr const char* kLockPosition = "SELECT FROM ratingsctl.position FOR UPDATE";
/// How long a try may take: readers queue behind it for no longer.
constexpr const char* kShortLock = "SET LOCAL lock_timeout = '200ms'";
// Everybody waits for us then: should this program or its line die, TCP would notice too late.
constexpr const char* kImpatient = "SET LOCAL idle_in_transaction_session_timeout = '10s'";
constexpr Instant kBetweenTries = 300ms;
constexpr Instant kSwapPatience = 30s;

}  // namespace

void lock_for_swap(Connection& connection, const std::function<void()>& check_cancelled) {
  const auto deadline = boot_clock().now() + kSwapPatience;
  connection.execute("loading", kEndVacuum);
  connection.execute("loading", kShortLock);
  while (true) {
    connection.execute("loading", "SAVEPOINT before_lock");
    try {
      connection.execute("loading", kLock);
      connection.execute("loading", kLockPosition);
      break;
    } catch (const Error& error) {
      if (error.kind() != Kind::guard || boot_clock().now() >= deadline) throw;
      connection.execute("loading", "ROLLBACK TO SAVEPOINT before_lock");
    }
    boot_clock().sleep_until(boot_clock().now() + kBetweenTries);
    check_cancelled();
  }
  connection.execute("loading", kImpatient);
}

}  // namespace ratings::postgres
