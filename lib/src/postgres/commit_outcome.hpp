#pragma once

#include "ratings/error.hpp"

#include <string>
#include <string_view>

namespace ratings::postgres {

enum class CommitOutcome { committed, rolled_back, unknown };

/// What became of transaction `xid` (text of pg_current_xact_id()) whose COMMIT was sent but not answered.
/// Asks the server for up to 10 s (PostgreSQL manual, 9.27.5 "Transaction ID and Snapshot Information":
/// pg_xact_status).
[[nodiscard]] CommitOutcome resolve_commit(const std::string& conninfo, const std::string& xid);

/// Returns if `xid` was committed after all; throws Error{unreachable} otherwise, saying which and what to
/// do.
void require_committed(const std::string& conninfo, const std::string& xid, const std::string& attempted);

/// Who holds the writers' lock, the position row or a lock on ratings: "ratingsctl/load (pid 42, user app,
/// since 12:00:01 UTC)", or "another session".
[[nodiscard]] std::string lock_holder(const std::string& conninfo);
/// Error{guard}: "ATTEMPTED: waited 30 s for HOLDER; UNCHANGED, run it again when that has ended".
[[nodiscard]] Error waited_for_lock(const std::string& conninfo, std::string_view attempted,
                                    std::string_view unchanged);

/// Arguments of pg_advisory_xact_lock(int, int): "rate" in ASCII, then what is locked.
inline constexpr const char* kChangeLock = "1918989413, 1";
inline constexpr const char* kMigrationLock = "1918989413, 2";

}  // namespace ratings::postgres
