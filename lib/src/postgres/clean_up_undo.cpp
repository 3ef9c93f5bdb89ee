#include "postgres/clean_up.hpp"
#include "postgres/sql.hpp"
#include "store/clean_up_guards.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace ratings::postgres {
namespace {

constexpr const char* kFind =
    "SELECT b.seq, b.name, b.kind, b.generation, b.undone_at IS NOT NULL, p.generation, b.pruned_at IS NOT "
    "NULL "
    "FROM ratingsctl.batch AS b CROSS JOIN ratingsctl.position AS p WHERE b.name = $1 FOR UPDATE OF b";
constexpr const char* kStillHeld =
    "SELECT count(*) FROM ratingsctl.quarantine WHERE batch = $1 AND generation >= $2";
constexpr const char* kLift = "DELETE FROM ratingsctl.exclusion WHERE batch = $1 RETURNING user_id";
constexpr const char* kStay =
    "SELECT user_id, count(*) FROM ratingsctl.quarantine WHERE batch = $1 AND generation >= $2 GROUP BY "
    "user_id";
constexpr const char* kStillExcluded =
    "SELECT DISTINCT user_id FROM ratingsctl.exclusion WHERE user_id = ANY ($1::bigint[])";
// Enough to hash the exclusion of a million users.
constexpr const char* kUndoMemory = "SET LOCAL work_mem = '64MB'";
constexpr const char* kMark = "UPDATE ratingsctl.batch SET undone_at = now() WHERE seq = $1";

struct Found {
  Batch batch;
  std::int64_t generation = 0;  ///< the live one
  [[nodiscard]] bool superseded() const { return batch.generation < generation; }
};

std::optional<Found> find(pqxx::work& work, const std::string& name) {
  const auto rows = exec_bound(work, kFind, name);
  if (rows.empty()) return std::nullopt;
  return Found{.batch = {.seq = rows[0][0].as<std::int64_t>(),
                         .name = rows[0][1].as<std::string>(),
                         .kind = rows[0][2].as<std::string>(),
                         .generation = rows[0][3].as<std::int64_t>(),
                         .undone = rows[0][4].as<bool>(),
                         .pruned = rows[0][6].as<bool>(),
                         .reason = {}},
               .generation = rows[0][5].as<std::int64_t>()};
}

/// Restored, still excluded (their rows stay), or with nothing left to give back; by user id.
void report(UndoResult& result, const RowsByUser& restored, const RowsByUser& staying,
            const std::vector<UserId>& blocked, const std::vector<UserId>& lifted) {
  for (const auto& [user, rows] : restored) result.users.push_back({user, rows, UserStatus::restored});
  for (const auto user : blocked) {
    const auto rows = staying.contains(user) ? staying.at(user) : 0;
    result.users.push_back({user, rows, UserStatus::still_excluded});
  }
  std::unordered_set<UserId> reported;
  for (const auto& outcome : result.users) reported.insert(outcome.user);
  for (const auto user : lifted) {
    if (!reported.contains(user)) result.users.push_back({user, 0, UserStatus::erased});
  }
  std::sort(result.users.begin(), result.users.end(),
            [](const auto& a, const auto& b) { return a.user < b.user; });
  result.rows = total(restored);
  result.user_count = restored.size();
}

std::vector<UserId> ids(const pqxx::result& result) {
  std::vector<UserId> users;
  for (const auto& row : result) users.push_back(UserId{row[0].as<std::int64_t>()});
  return users;
}

/// The change itself; false when there is nothing to commit.
bool give_back(pqxx::work& work, const UndoRequest& request, UndoResult& result) {
  const auto found = find(work, request.batch);
  result.known = found.has_value();
  if (!found) return false;
  const auto& batch = found->batch;
  result.pruned = batch.pruned;
  // Of a batch that was lifted the older rows stay, whatever is asked for.
  const bool lifted_before = batch.undone && found->superseded();
  const auto from = request.lift_only || lifted_before ? found->generation : 0;
  if (batch.undone && exec_bound(work, kStillHeld, batch.seq, from)[0][0].as<std::uint64_t>() == 0) {
    result.already_undone = true;
    result.wait = present_wait(work);
    return false;
  }
  guard_superseded(found->superseded(), request);
  work.exec(kUndoMemory);
  const auto lifted = ids(exec_bound(work, kLift, batch.seq));
  const auto restored = rows_by_user(exec_bound(work, sql::undo, batch.seq, from));
  const auto staying = rows_by_user(exec_bound(work, kStay, batch.seq, from));
  auto concerned = lifted;
  for (const auto& [user, rows] : staying) concerned.push_back(user);
  report(result, restored, staying, ids(exec_bound(work, kStillExcluded, user_array(concerned))), lifted);
  exec_bound(work, kMark, batch.seq);
  result.batch = batch.name;
  result.wait = finish(work, "undo", batch, result, 1);
  return true;
}

}  // namespace

UndoResult undo(Session& session, const UndoRequest& request) {
  UndoResult result;
  // A rehearsal does it all and rolls back: only the real thing knows what would stay.
  const auto committed = session.change("undoing " + request.batch, [&](pqxx::work& work) {
    return give_back(work, request, result) && !request.dry_run;
  });
  if (request.dry_run) result.batch.reset();
  result.committed = committed;
  return result;
}

}  // namespace ratings::postgres
