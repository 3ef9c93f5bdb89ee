#include "postgres/clean_up.hpp"
#include "postgres/sql.hpp"

namespace ratings::postgres {
namespace {

/// Conflicts named one by one; beyond them only the number is given.
constexpr std::size_t kNamed = 1'000;

// A sort or hash of 26 million rows: 256 MB keeps it in a few runs and is bounded for the server.
constexpr const char* kMemory = "SET LOCAL work_mem = '256MB'";
// Writers wait, readers do not: a row that moved between the two scans of the statement would be missed.
constexpr const char* kHoldWriters = "LOCK TABLE public.ratings IN SHARE ROW EXCLUSIVE MODE";

constexpr const char* kRehearse =
    "SELECT user_id, sum(n - 1)::bigint, count(*) FROM (SELECT user_id, count(*) AS n FROM public.ratings "
    "WHERE $1::bigint[] = '{}' OR user_id = ANY ($1::bigint[]) GROUP BY user_id, movie_id, rating, "
    "\"timestamp\" "
    "HAVING count(*) > 1) AS doubled GROUP BY user_id";
constexpr const char* kConflicts =
    "SELECT user_id, movie_id, \"timestamp\", count(DISTINCT rating), count(*) OVER () FROM public.ratings "
    "WHERE $1::bigint[] = '{}' OR user_id = ANY ($1::bigint[]) GROUP BY user_id, movie_id, \"timestamp\" "
    "HAVING min(rating) <> max(rating) ORDER BY 1, 2, 3 LIMIT $2";

void add_groups(DedupeResult& result, const pqxx::result& by_user) {
  for (const auto& row : by_user) {
    const auto rows = row[1].as<std::uint64_t>();
    result.users.push_back({UserId{row[0].as<std::int64_t>()}, rows, UserStatus::purged});
    result.rows += rows;
    result.groups += row[2].as<std::uint64_t>();
  }
  result.user_count = result.users.size();
}

void add_conflicts(DedupeResult& result, const pqxx::result& rows) {
  for (const auto& row : rows) {
    result.conflicts.push_back({.user = {row[0].as<std::int64_t>()},
                                .movie = {row[1].as<std::int32_t>()},
                                .timestamp = row[2].as<std::int64_t>(),
                                .records = row[3].as<std::uint64_t>()});
    result.conflict_count = row[4].as<std::uint64_t>();
  }
}

}  // namespace

DedupeResult dedupe(Session& session, const DedupeRequest& request) {
  DedupeResult result;
  const auto users = user_array(request.users);
  if (request.dry_run) {
    session.read("rehearsing dedupe", [&](pqxx::work& work) {
      work.exec(kMemory);
      add_groups(result, exec_bound(work, kRehearse, users));
      add_conflicts(result, exec_bound(work, kConflicts, users, kNamed));
      return 0;
    });
    return result;
  }
  const auto committed = session.change("deduping", [&](pqxx::work& work) {
    work.exec(kMemory);
    work.exec(kHoldWriters);
    const auto batch = make_batch(work, "dedupe", "");
    add_groups(result, exec_bound(work, sql::dedupe, batch.seq, batch.generation, users));
    add_conflicts(result, exec_bound(work, kConflicts, users, kNamed));
    if (result.rows == 0) return false;
    result.batch = batch.name;
    result.wait = finish(work, "dedupe", batch, result, 1);
    return true;
  });
  result.committed = committed;
  return result;
}

}  // namespace ratings::postgres
