#include "postgres/clean_up.hpp"
#include "postgres/sql.hpp"
#include "store/clean_up_guards.hpp"
#include "store/distinct.hpp"
#include "store/purge_status.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

constexpr const char* kHard = "hard-purge";
// What 10,000 users take with them, a million records, stays in memory on its way into the quarantine.
constexpr const char* kPurgeMemory = "SET LOCAL work_mem = '256MB'";
constexpr const char* kCount =
    "SELECT user_id, count(*) FROM public.ratings WHERE user_id = ANY ($1::bigint[]) GROUP BY user_id";
constexpr const char* kDelete = "DELETE FROM public.ratings WHERE user_id = ANY ($1::bigint[])";
constexpr const char* kPacked = "SELECT user_id, records FROM ratingsctl.quarantine_pack WHERE batch = $1";
constexpr const char* kExclude =
    "INSERT INTO ratingsctl.exclusion (user_id, batch) SELECT unnest($1::bigint[]), $2";
constexpr const char* kQuarantined =
    "SELECT user_id, count(*) FROM ratingsctl.quarantine WHERE user_id = ANY ($1::bigint[]) GROUP BY user_id";

constexpr const char* kNow = "SELECT pos FROM ratingsctl.position";
constexpr const char* kLeft = "SELECT EXISTS (SELECT FROM public.ratings WHERE user_id = ANY ($1::bigint[]))";
constexpr const char* kBeforeTaking = "SAVEPOINT before_taking";
constexpr const char* kTakeAgain = "ROLLBACK TO SAVEPOINT before_taking";

using FactsByUser = std::unordered_map<UserId, PurgeFacts>;

/// Of those whom batches know; before anything is taken.
FactsByUser known_users(pqxx::work& work, const std::string& users) {
  FactsByUser known;
  for (const auto& row : exec_bound(work, sql::known_users, users)) {
    known[UserId{row[0].as<std::int64_t>()}] = {
        .quarantined = true, .excluded = row[1].as<bool>(), .erased = row[2].as<bool>()};
  }
  return known;
}

/// What became of each user, given what was taken from whom and who was known before.
CleanUpResult outcome(const std::vector<UserId>& users, const RowsByUser& taken, const FactsByUser& known,
                      bool hard) {
  CleanUpResult result;
  for (const auto user : users) {
    auto facts = known.contains(user) ? known.at(user) : PurgeFacts{};
    facts.rows = taken.contains(user) ? taken.at(user) : 0;
    const auto status = purge_status(facts, hard);
    result.users.push_back({.user = user, .rows = facts.rows, .status = status});
    result.rows += facts.rows;
    result.user_count += is_taken(status) ? 1U : 0U;
  }
  return result;
}

CleanUpResult rehearse(Session& session, const PurgeRequest& request, const std::vector<UserId>& users) {
  const auto list = user_array(users);
  return session.read("rehearsing a purge", [&](pqxx::work& work) {
    auto rows = rows_by_user(exec_bound(work, kCount, list));
    if (request.hard) {
      for (const auto& [user, count] : rows_by_user(exec_bound(work, kQuarantined, list)))
        rows[user] += count;
    }
    auto result = outcome(users, rows, known_users(work, list), request.hard);
    guard_rows(result.rows, request);
    return result;
  });
}

/// Into quarantine, where the trigger of the DELETE puts what a statement of a purge deletes (004_purge.sql).
RowsByUser quarantine(pqxx::work& work, const std::string& users, const Batch& batch) {
  const auto deleted = static_cast<std::uint64_t>(exec_bound(work, kDelete, users).affected_rows());
  auto taken = rows_by_user(exec_bound(work, kPacked, batch.seq));
  if (total(taken) == deleted) return taken;
  throw Error{Kind::store,
              "purging: of " + std::to_string(deleted) + " deleted rows " + std::to_string(total(taken)) +
                  " are in quarantine; nothing was changed, please report this",
              Outcome::told};
}

/// What the users have when the position is ours. A statement sees what was committed when it began, and
/// waits for the position at its end: rows that somebody commits meanwhile are still there then. As long as
/// only our own statement has moved the position there was nobody. Else it is taken back, and done again
/// behind the writers' lock of the table, which waits for a VACUUM, too, and is therefore not for every
/// purge. Not a second statement on top of the first: that would wait for rows of somebody who waits for our
/// position.
RowsByUser take(pqxx::work& work, const std::string& users, const Batch& batch) {
  const auto now = [&work] { return exec_bound(work, kNow)[0][0].as<std::int64_t>(); };
  const auto once = [&] {
    return batch.kind == kHard ? rows_by_user(exec_bound(work, sql::hard_purge, users))
                               : quarantine(work, users, batch);
  };
  work.exec(kBeforeTaking);
  const auto before = now();
  auto taken = once();
  if (now() == before + 1 || !exec_bound(work, kLeft, users)[0][0].as<bool>()) return taken;
  work.exec(kTakeAgain);
  work.exec(kHoldWriters);
  return once();
}

}  // namespace

CleanUpResult purge(Session& session, const PurgeRequest& request) {
  const auto users = each_once(request.users);
  if (request.dry_run) return rehearse(session, request, users);
  const auto list = user_array(users);
  CleanUpResult result;
  const auto committed = session.change("purging", [&](pqxx::work& work) {
    work.exec(kPurgeMemory);
    const auto known = known_users(work, list);
    const auto batch = make_batch(work, request.hard ? kHard : "purge", request.reason);
    result = outcome(users, take(work, list, batch), known, request.hard);
    guard_rows(result.rows, request);
    if (result.user_count == 0) {
      result.wait = present_wait(work);
      return false;
    }
    std::vector<UserId> touched;
    for (const auto& user : result.users) {
      if (is_taken(user.status)) touched.push_back(user.user);
    }
    exec_bound(work, kExclude, user_array(touched), batch.seq);
    result.batch = batch.name;
    result.wait = finish(work, "purge-user", batch, result, 1);
    return true;
  });
  result.committed = committed;
  return result;
}

}  // namespace ratings::postgres
