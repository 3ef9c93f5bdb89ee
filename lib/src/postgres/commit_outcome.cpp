#include "postgres/commit_outcome.hpp"

#include "core/log.hpp"
#include "postgres/connection.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;
constexpr Instant kPatience = 10s;  // an immediate restart of a small server takes one to three
constexpr Instant kBetween = 200ms;

// $1: as kThisTransaction names it. NULL on another timeline.
constexpr const char* kStatus = R"(
SELECT CASE WHEN split_part($1::text, '/', 2) = left(pg_walfile_name(pg_current_wal_lsn()), 8)
            THEN pg_xact_status(split_part($1::text, '/', 1)::xid8) END)";

// $1: a backend that does not count, $2: locks that only readers hold count, too. Processes of the server's
// own have no user; and of others a role without pg_read_all_stats sees neither type, nor statement, nor
// since when.
constexpr const char* kHolder = R"(
SELECT CASE WHEN l.pid IS NULL THEN 'a prepared transaction, see pg_prepared_xacts'
            WHEN a.usesysid IS NOT NULL THEN coalesce(nullif(a.application_name, ''), 'a session')
            ELSE 'PostgreSQL''s own ' || coalesce(a.backend_type, 'process')
                 || CASE WHEN a.query LIKE '%(to prevent wraparound)' THEN ' against wraparound' ELSE '' END END
       || coalesce(' (' || nullif(concat_ws(', ', 'pid ' || l.pid, 'user ' || a.usename,
                   'since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC'), '') || ')', '')
FROM pg_locks AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND coalesce(l.pid, 0) NOT IN (pg_backend_pid(), $1::integer)
  AND (l.pid IS NULL OR a.xact_start IS NOT NULL OR (a.pid IS NOT NULL AND a.backend_type IS NULL))
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND ((l.locktype = 'advisory' AND l.classid = 1918989413 AND l.objid = 1 AND l.objsubid = 2)
       OR ((l.relation IN (to_regclass('ratingsctl.position'), to_regclass('public.ratings'))
            OR l.relation IN (SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = to_regclass('public.ratings')))
           AND ($2::boolean OR l.mode <> 'AccessShareLock')))
ORDER BY l.locktype = 'advisory' DESC, a.xact_start
LIMIT 1)";

}  // namespace

CommitOutcome resolve_commit(const std::string& conninfo, const std::string& transaction) {
  auto& clock = boot_clock();
  const auto deadline = clock.now() + kPatience;
  const Param params[] = {transaction};
  while (clock.now() < deadline) {
    try {
      Connection connection{conninfo, deadline};
      const auto result =
          connection.execute("asking what became of the transaction", kStatus, params, deadline);
      const auto status = result.null(0, 0) ? std::string{} : result.text(0, 0);
      if (status == "committed") return CommitOutcome::committed;
      if (status == "aborted") return CommitOutcome::rolled_back;
    } catch (const Error& error) {
      log::debug("the server is not back yet: {}", error.what());
    }
    clock.sleep_until(clock.now() + kBetween);
  }
  return CommitOutcome::unknown;
}

void require_committed(const std::string& conninfo, const std::string& transaction,
                       const std::string& attempted) {
  switch (resolve_commit(conninfo, transaction)) {
    case CommitOutcome::committed:
      return;
    case CommitOutcome::rolled_back:
      throw Error{
          Kind::unreachable,
          attempted +
              ": the connection was lost before COMMIT took effect; nothing was changed, run it again"};
    case CommitOutcome::unknown:
      break;
  }
  throw Error{Kind::unreachable, attempted +
                                     ": the connection was lost during COMMIT and the server does not come "
                                     "back, or another one has taken its place: the outcome is unknown; "
                                     "run the same command again later, it is safe to repeat "
                                     "(but not with --again: look at 'ratingsctl status' first)"};
}

namespace {

/// "another session" when it has gone by now.
std::string lock_holder(const std::string& conninfo, Wanted wanted, int own_pid) {
  const auto deadline = boot_clock().now() + 3s;
  Connection connection{conninfo, deadline};
  const Param params[] = {std::to_string(own_pid), wanted == Wanted::swap ? "true" : "false"};
  const auto result = connection.execute("asking who holds the lock", kHolder, params, deadline);
  if (result.rows() == 0) return "another session (gone by now)";
  return result.text(0, 0);
}

}  // namespace

Error waited_for_lock(const std::string& conninfo, std::string_view attempted, std::string_view unchanged,
                      Wanted wanted, int own_pid) {
  return Error{Kind::guard, std::string{attempted} + ": waited 30 s for " +
                                lock_holder(conninfo, wanted, own_pid) + "; " + std::string{unchanged} +
                                ", run it again when that has ended"};
}

Instant confirm_visible() { return boot_clock().now(); }

}  // namespace ratings::postgres
