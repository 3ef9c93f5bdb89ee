#pragma once

#include "ratings/clock.hpp"
#include "ratings/error.hpp"

#include <string>
#include <string_view>

namespace ratings::postgres {

enum class CommitOutcome { committed, rolled_back, unknown };

/// Leaves a mark in the transaction that asks and names it: number, timeline, mark. The number alone proves
/// nothing: after a crash the server gives one that had not reached its log to somebody else, and so does a
/// standby that takes over.
inline constexpr const char* kMarkTransaction = R"(
WITH forgotten AS (DELETE FROM ratingsctl.commit_mark WHERE at < now() - interval '1 day'),
     left_behind AS (INSERT INTO ratingsctl.commit_mark DEFAULT VALUES RETURNING mark)
SELECT concat_ws('/', pg_current_xact_id(), left(pg_walfile_name(pg_current_wal_lsn()), 8), mark) FROM left_behind)";

/// What became of the transaction of that name, whose COMMIT was sent but not answered. Asks the server for
/// up to 10 s: first whether it is still under way, by the lock that each transaction has on its own number
/// (PostgreSQL manual, pg_locks), then for its mark. Unknown without a mark on another timeline.
[[nodiscard]] CommitOutcome resolve_commit(const std::string& conninfo, const std::string& transaction);

/// Returns if `transaction` was committed after all; throws Error{unreachable} otherwise, saying which and
/// what to do.
void require_committed(const std::string& conninfo, const std::string& transaction,
                       const std::string& attempted);

/// The step between COMMIT and the wait for the servers: returns when everybody sees what was committed, with
/// that moment, from which Δ counts. PostgreSQL answers a COMMIT no sooner (manual, 30.4), so nothing is left
/// to do. Where positions have domains (a shard each), a part that is only prepared would be waited for here.
[[nodiscard]] Instant confirm_visible();

/// What a lock was waited for in vain.
enum class Wanted {
  lock,  ///< the writers' lock, which another command holds
  rows,  ///< what a change needs beyond it: whoever changes ratings or the position row otherwise holds it up
  swap,  ///< ratings for oneself: readers hold that up, too
};

/// Error{guard}: "ATTEMPTED: waited 30 s for HOLDER; UNCHANGED, run it again when that has ended". HOLDER is
/// asked for: "ratingsctl/load (pid 42, user app, since 12:00:01 UTC)"; not one who waits for another, but
/// that other. `own_pid`: a backend of ours that may still be ending.
[[nodiscard]] Error waited_for_lock(const std::string& conninfo, std::string_view attempted,
                                    std::string_view unchanged, Wanted wanted, int own_pid = 0);

/// Arguments of pg_advisory_xact_lock(int, int): "rate" in ASCII, then what is locked.
inline constexpr const char* kChangeLock = "1918989413, 1";
inline constexpr const char* kMigrationLock = "1918989413, 2";

}  // namespace ratings::postgres
