#include "sqlite/clean_up.hpp"

#include "ratings/error.hpp"

#include <optional>

namespace ratings::sqlite {
namespace {

constexpr const char* kFind =
    "SELECT seq, generation, undone_at IS NOT NULL, pruned_at IS NOT NULL FROM ratingsctl_batch WHERE name = "
    "?1";
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
};

std::optional<Found> find(Change& change, const std::string& name) {
  auto row = change.database().prepare(kFind);
  row.bind(name);
  if (!row.step()) return std::nullopt;
  return Found{.batch = {.seq = row.integer(0), .name = name, .reason = {}},
               .superseded = row.integer(1) < change.generation(),
               .undone = row.integer(2) != 0,
               .pruned = row.integer(3) != 0};
}

void guard_superseded(const Found& found, const UndoRequest& request) {
  if (request.lift_only || !found.superseded) return;
  const auto& name = found.batch.name;
  throw Error{Kind::guard,
              "undo " + name +
                  ": the ratings have been replaced since, by a load; to lift its exclusion and give back " +
                  "what later loads held back, run 'ratingsctl undo --lift " + name + "'"};
}

/// `since`: rows of older generations stay where they are.
void plan(Database& database, const Batch& batch, std::int64_t since, UndoResult& result) {
  auto concerned = database.prepare(kConcerned);
  auto standing = database.prepare(kStanding);
  concerned.bind(batch.seq, since);
  while (concerned.step()) {
    const UserId user{concerned.integer(0)};
    standing.bind(user, batch.seq, since);
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

void give_back(Change& change, const Batch& batch, std::int64_t since, const UndoResult& result) {
  auto& database = change.database();
  auto put = database.prepare(kPutBack);
  auto forget = database.prepare(kForget);
  for (const auto& user : result.users) {
    if (user.status != UserStatus::restored) continue;
    put.bind(user.user, batch.seq, since).run();
    forget.bind(user.user, batch.seq, since).run();
    change.touch(user.user);
  }
  database.prepare(kLift).bind(batch.seq).run();
  database.prepare(kUndone).bind(batch.seq).run();
}

}  // namespace

UndoResult undo(Change& change, const UndoRequest& request) {
  UndoResult result;
  auto& database = change.database();
  const auto found = find(change, request.batch);
  result.known = found.has_value();
  if (!found) return result;
  result.pruned = found->pruned;
  // Of a batch that was lifted the older rows stay, whatever is asked for.
  const bool lifted_before = found->undone && found->superseded;
  const std::int64_t since = request.lift_only || lifted_before ? change.generation() : 0;
  auto held = database.prepare(kHeld);
  held.bind(found->batch.seq, since);
  result.already_undone = found->undone && held.step() && held.integer(0) == 0;
  held.reset();
  if (result.already_undone) return result;
  guard_superseded(*found, request);
  plan(database, found->batch, since, result);
  if (request.dry_run) return result;
  give_back(change, found->batch, since, result);
  finish(change, found->batch, result);
  return result;
}

}  // namespace ratings::sqlite
