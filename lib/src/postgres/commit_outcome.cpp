#include "postgres/commit_outcome.hpp"

#include "core/log.hpp"
#include "postgres/connection.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;
constexpr Instant kRestartPatience = 10s;  // an immediate restart of a small server takes one to three
constexpr Instant kBetween = 200ms;

// $1: as kMarkTransaction names it. A lock falls after what was committed can be seen, so the mark is looked
// for in a later statement, which has a snapshot of its own.
constexpr const char* kUnderWay = R"(
SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND granted
                                        AND transactionid = split_part($1::text, '/', 1)::xid8::xid))";
constexpr const char* kMarked = R"(
SELECT EXISTS (SELECT 1 FROM ratingsctl.commit_mark WHERE mark = split_part($1::text, '/', 3)::uuid),
       split_part($1::text, '/', 2) = left(pg_walfile_name(pg_current_wal_lsn()), 8))";

}  // namespace

CommitOutcome resolve_commit(const std::string& conninfo, const std::string& transaction) {
  auto& clock = boot_clock();
  const auto deadline = clock.now() + kRestartPatience;
  const Param params[] = {transaction};
  while (clock.now() < deadline) {
    try {
      Connection connection{conninfo, deadline};
      const auto ask = [&](const char* sql) {
        return connection.execute("asking what became of the transaction", sql, params, deadline);
      };
      if (!ask(kUnderWay).boolean(0, 0)) {
        const auto found = ask(kMarked);
        if (found.boolean(0, 0)) return CommitOutcome::committed;
        return found.boolean(0, 1) ? CommitOutcome::rolled_back : CommitOutcome::unknown;
      }
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
              ": the connection was lost before COMMIT took effect; nothing was changed, run it again",
          Outcome::told};
    case CommitOutcome::unknown:
      break;
  }
  throw Error{Kind::unreachable,
              attempted +
                  ": the connection was lost during COMMIT and the server does not come "
                  "back, or another one has taken its place: the outcome is unknown; "
                  "run the same command again later, it is safe to repeat "
                  "(but not with --again: look at 'ratingsctl status' first)",
              Outcome::unknown};
}

namespace {

/// "another session" when it has gone by now.
std::string lock_holder(const std::string& conninfo, Wanted wanted, int own_pid) {
  const auto deadline = boot_clock().now() + 3s;
  Connection connection{conninfo, deadline};
  const Param params[] = {std::to_string(own_pid), wanted == Wanted::swap ? "true" : "false",
                          wanted == Wanted::lock ? "true" : "false"};
  const auto result = connection.execute("asking who holds the lock", sql::lock_holder, params, deadline);
  if (result.rows() == 0) return "another session (gone by now)";
  return result.text(0, 0);
}

}  // namespace

Error waited_for_lock(const std::string& conninfo, std::string_view attempted, std::string_view unchanged,
                      Wanted wanted, int own_pid) {
  return Error{Kind::guard,
               std::string{attempted} + ": waited 30 s for " + lock_holder(conninfo, wanted, own_pid) + "; " +
                   std::string{unchanged} + ", run it again when that has ended",
               Outcome::told};
}

Instant confirm_visible() { return boot_clock().now(); }

}  // namespace ratings::postgres
