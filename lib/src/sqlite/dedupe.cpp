#include "sqlite/clean_up.hpp"
#include "store/distinct.hpp"
#include "store/doubles.hpp"

#include <utility>
#include <vector>

namespace ratings::sqlite {
namespace {

/// 3 MB; of a user who has more, copies of one rating most likely, they are thinned out as they come.
constexpr std::size_t kRecordsAtOnce = 100'000;

// By user through the index, so that only one user's records are in memory at a time.
constexpr const char* kPlacedByUser =
    "SELECT user_id, movie_id, rating, \"timestamp\", rowid FROM ratings WHERE user_id >= ?1 ORDER BY "
    "user_id";
constexpr const char* kPlacedOfUser =
    "SELECT user_id, movie_id, rating, \"timestamp\", rowid FROM ratings WHERE user_id = ?1";
// A temporary table, because there may be more doubles than memory.
constexpr const char* kDoubles = "CREATE TEMP TABLE ratingsctl_doubles (place INTEGER PRIMARY KEY)";
constexpr const char* kRemember = "INSERT INTO temp.ratingsctl_doubles VALUES (?1)";
constexpr const char* kKeepDoubles =
    "INSERT INTO ratingsctl_quarantine (user_id, movie_id, rating, \"timestamp\", batch, generation) "
    "SELECT user_id, movie_id, rating, \"timestamp\", ?1, ?2 "
    "FROM temp.ratingsctl_doubles CROSS JOIN ratings ON ratings.rowid = place";
constexpr const char* kDeleteDoubles =
    "DELETE FROM ratings WHERE rowid IN (SELECT place FROM temp.ratingsctl_doubles)";

/// `take` is told of every double.
DedupeResult find_doubles(Database& database, std::span<const UserId> wanted, DoubleFinder::Take take) {
  auto users = distinct(wanted);
  auto rows = database.prepare(users.empty() ? kPlacedByUser : kPlacedOfUser);
  if (users.empty()) users.push_back({0});  // ids are not negative: everybody
  DoubleFinder finder{std::move(take)};
  std::vector<PlacedRating> records;  // of one user
  ThinningLimit limit{kRecordsAtOnce};
  for (const auto first : users) {
    rows.bind(first);
    while (rows.step()) {
      const PlacedRating record{.rating = rows.rating({rows.integer(0)}, 1), .place = rows.integer(4)};
      if (!records.empty() && records.front().rating.user != record.rating.user) {
        finder.examine(records);
        records.clear();
      }
      if (records.size() >= limit.most()) {
        finder.thin(records);
        limit.thinned_to(records.size());
      }
      records.push_back(record);
    }
    finder.examine(records);
    records.clear();
  }
  DedupeResult result;
  finder.report(result);
  return result;
}

}  // namespace

DedupeResult rehearse(Database& database, const DedupeRequest& request) {
  return find_doubles(database, request.users, [](std::int64_t /*place*/) {});
}

DedupeResult dedupe(Change& change, const DedupeRequest& request) {
  auto& database = change.database();
  database.execute(kDoubles);
  auto remember = database.prepare(kRemember);
  auto result =
      find_doubles(database, request.users, [&](std::int64_t place) { remember.bind(place).run(); });
  if (result.rows == 0) return result;
  const auto batch = make_batch(change, "dedupe", "");
  database.prepare(kKeepDoubles).bind(batch.seq, change.generation()).run();
  database.execute(kDeleteDoubles);
  for (const auto& user : result.users) change.touch(user.user);
  close_batch(change, batch, result);
  finish(change, batch, result);
  return result;
}

}  // namespace ratings::sqlite
