#include "sqlite/clean_up.hpp"
#include "store/clean_up_guards.hpp"
#include "store/distinct.hpp"
#include "store/purge_status.hpp"

namespace ratings::sqlite {
namespace {

constexpr const char* kCount =
    "SELECT (SELECT count(*) FROM ratings WHERE user_id = ?1), "
    "       (SELECT count(*) FROM ratingsctl_quarantine WHERE user_id = ?1), "
    "       EXISTS (SELECT 1 FROM ratingsctl_exclusion WHERE user_id = ?1), "
    "       EXISTS (SELECT 1 FROM ratingsctl_exclusion AS e JOIN ratingsctl_batch AS b ON b.seq = e.batch "
    "               WHERE e.user_id = ?1 AND b.kind = 'hard-purge')";
constexpr const char* kKeepUser =
    "INSERT INTO ratingsctl_quarantine (user_id, movie_id, rating, \"timestamp\", batch, generation) "
    "SELECT user_id, movie_id, rating, \"timestamp\", ?2, ?3 FROM ratings WHERE user_id = ?1";
constexpr const char* kDeleteUser = "DELETE FROM ratings WHERE user_id = ?1";
constexpr const char* kEraseUser = "DELETE FROM ratingsctl_quarantine WHERE user_id = ?1";
constexpr const char* kExclude = "INSERT INTO ratingsctl_exclusion (user_id, batch) VALUES (?1, ?2)";

/// What will become of a user; the header says what each status means.
UserOutcome outcome(Statement& count, UserId user, bool hard) {
  count.bind(user);
  if (!count.step()) return {.user = user, .status = UserStatus::unknown};
  const auto quarantined = static_cast<std::uint64_t>(count.integer(1));
  const PurgeFacts facts{.rows = static_cast<std::uint64_t>(count.integer(0)) + (hard ? quarantined : 0),
                         .quarantined = quarantined > 0,
                         .excluded = count.integer(2) != 0,
                         .erased = count.integer(3) != 0};
  count.reset();
  return {.user = user, .rows = facts.rows, .status = purge_status(facts, hard)};
}

/// A rehearsal is the plan alone.
CleanUpResult plan(Database& database, const PurgeRequest& request) {
  CleanUpResult result;
  auto count = database.prepare(kCount);
  for (const auto user : each_once(request.users)) {
    const auto& planned = result.users.emplace_back(outcome(count, user, request.hard));
    result.rows += planned.rows;
    result.user_count += is_taken(planned.status) ? 1U : 0U;
  }
  guard_rows(result.rows, request);
  return result;
}

void take(Change& change, const PurgeRequest& request, const Batch& batch, const CleanUpResult& result) {
  auto& database = change.database();
  auto keep = database.prepare(kKeepUser);
  auto remove = database.prepare(kDeleteUser);
  auto erase = database.prepare(kEraseUser);
  auto exclude = database.prepare(kExclude);
  for (const auto& user : result.users) {
    if (!is_taken(user.status)) continue;
    if (request.hard) {
      erase.bind(user.user).run();
    } else {
      keep.bind(user.user, batch.seq, change.generation()).run();
    }
    if (remove.bind(user.user).run() > 0) change.touch(user.user);
    exclude.bind(user.user, batch.seq).run();
  }
}

}  // namespace

CleanUpResult rehearse(Database& database, const PurgeRequest& request) { return plan(database, request); }

CleanUpResult purge(Change& change, const PurgeRequest& request) {
  auto result = plan(change.database(), request);
  if (result.user_count == 0) return result;
  const auto batch = make_batch(change, request.hard ? "hard-purge" : "purge", request.reason);
  take(change, request, batch, result);
  close_batch(change, batch, result);
  finish(change, batch, result);
  return result;
}

}  // namespace ratings::sqlite
