#include "sqlite/clean_up.hpp"
#include "store/clean_up_guards.hpp"

#include <optional>

namespace ratings::sqlite {
namespace {

constexpr const char* kFind =
    "SELECT b.seq, b.generation < p.generation, b.undone_at IS NOT NULL, b.pruned_at IS NOT NULL, "
    "p.generation "
    "FROM ratingsctl_batch AS b CROSS JOIN ratingsctl_position AS p WHERE b.name = ?1";
constexpr const char* kHeld =
    "SELECT count(*) FROM ratingsctl_quarantine WHERE batch = ?1 AND generation >= ?2";
constexpr const char* kConcerned =
    "SELECT user_id FROM ratingsctl_exclusion WHERE batch = ?1 "
    "UNION SELECT user_id FROM ratingsctl_quarantine WHERE batch = ?1 AND generation >= ?2 ORDER BY user_id";
constexpr const char* kStanding =
    "SELECT (SELECT count(*) FROM ratingsctl_quarantine WHERE user_id = ?1 AND batch = ?2 AND generation >= "
    "?3), "
    "       EXISTS (SELECT 1 FROM ratingsctl_exclusion WHERE user_id = ?1 AND batch <> ?2)";
constexpr const char* kPutBack =
    "INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") "
    "SELECT user_id, movie_id, rating, \"timestamp\" FROM ratingsctl_quarantine "
    "WHERE user_id = ?1 AND batch = ?2 AND generation >= ?3";
constexpr const char* kForget =
    "DELETE FROM ratingsctl_quarantine WHERE user_id = ?1 AND batch = ?2 AND generation >= ?3";
constexpr const char* kLift = "DELETE FROM ratingsctl_exclusion WHERE batch = ?1";
constexpr const char* kUndone = "UPDATE ratingsctl_batch SET undone_at = datetime('now') WHERE seq = ?1";

struct Found {
  Batch batch;
  bool superseded = false;  ///< of a generation that a load has replaced
  bool undone = false;
  bool pruned = false;
  std::int64_t generation = 0;  ///< the live one
};

std::optional<Found> find(Database& database, const std::string& name) {
  auto row = database.prepare(kFind);
  row.bind(name);
  if (!row.step()) return std::nullopt;
  return Found{.batch = {.seq = row.integer(0), .name = name, .reason = {}},
               .superseded = row.integer(1) != 0,
               .undone = row.integer(2) != 0,
               .pruned = row.integer(3) != 0,
               .generation = row.integer(4)};
}

/// Of which batch how much is to be given back.
struct Plan {
  Batch batch;
  std::int64_t since = 0;  ///< rows of older generations stay where they are
};

void plan_users(Database& database, const Plan& plan, UndoResult& result) {
  auto concerned = database.prepare(kConcerned);
  auto standing = database.prepare(kStanding);
  concerned.bind(plan.batch.seq, plan.since);
  while (concerned.step()) {
    const UserId user{concerned.integer(0)};
    standing.bind(user, plan.batch.seq, plan.since);
    if (!standing.step()) continue;
    const auto rows = static_cast<std::uint64_t>(standing.integer(0));
    const bool blocked = standing.integer(1) != 0;
    const auto status = blocked    ? UserStatus::still_excluded
                        : rows > 0 ? UserStatus::restored
                                   : UserStatus::erased;
    result.users.push_back({.user = user, .rows = rows, .status = status});
    result.rows += blocked ? 0 : rows;
    result.user_count += status == UserStatus::restored ? 1U : 0U;
  }
}

/// nullopt: nothing to do; `result` says why.
std::optional<Plan> make_plan(Database& database, const UndoRequest& request, UndoResult& result) {
  const auto found = find(database, request.batch);
  result.known = found.has_value();
  if (!found) return std::nullopt;
  result.pruned = found->pruned;
  // Of a batch that was lifted the older rows stay, whatever is asked for.
  const bool lifted_before = found->undone && found->superseded;
  const Plan plan{.batch = found->batch, .since = request.lift_only || lifted_before ? found->generation : 0};
  auto held = database.prepare(kHeld);
  held.bind(plan.batch.seq, plan.since);
  result.already_undone = found->undone && held.step() && held.integer(0) == 0;
  if (result.already_undone) return std::nullopt;
  guard_superseded(found->superseded, request);
  plan_users(database, plan, result);
  return plan;
}

void give_back(Change& change, const Plan& plan, const UndoResult& result) {
  auto& database = change.database();
  auto put = database.prepare(kPutBack);
  auto forget = database.prepare(kForget);
  for (const auto& user : result.users) {
    if (user.status != UserStatus::restored) continue;
    put.bind(user.user, plan.batch.seq, plan.since).run();
    forget.bind(user.user, plan.batch.seq, plan.since).run();
    change.touch(user.user);
  }
  database.prepare(kLift).bind(plan.batch.seq).run();
  database.prepare(kUndone).bind(plan.batch.seq).run();
}

}  // namespace

UndoResult rehearse(Database& database, const UndoRequest& request) {
  UndoResult result;
  (void)make_plan(database, request, result);
  return result;
}

UndoResult undo(Change& change, const UndoRequest& request) {
  UndoResult result;
  const auto plan = make_plan(change.database(), request, result);
  if (!plan) return result;
  give_back(change, *plan, result);
  finish(change, plan->batch, result);
  return result;
}

}  // namespace ratings::sqlite
