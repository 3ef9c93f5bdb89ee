#include "sqlite/clean_up.hpp"
#include "store/distinct.hpp"

#include <algorithm>
#include <tuple>

namespace ratings::sqlite {
namespace {

/// Conflicts named one by one; beyond them only the number is given.
constexpr std::size_t kNamed = 1000;

// By user through the index, so that only one user's records are in memory at a time.
constexpr const char* kEverybody =
    "SELECT user_id, movie_id, rating, \"timestamp\", rowid FROM ratings WHERE user_id >= ?1 ORDER BY "
    "user_id";
constexpr const char* kOneUser =
    "SELECT user_id, movie_id, rating, \"timestamp\", rowid FROM ratings WHERE user_id = ?1";
// A temporary table, because there may be more doubles than memory.
constexpr const char* kDoubles = "CREATE TEMP TABLE ratingsctl_doubles (place INTEGER PRIMARY KEY)";
constexpr const char* kRemember = "INSERT INTO temp.ratingsctl_doubles VALUES (?1)";
constexpr const char* kKeep =
    "INSERT INTO ratingsctl_quarantine (user_id, movie_id, rating, \"timestamp\", batch, generation) "
    "SELECT user_id, movie_id, rating, \"timestamp\", ?1, ?2 "
    "FROM temp.ratingsctl_doubles CROSS JOIN ratings ON ratings.rowid = place";
constexpr const char* kDelete =
    "DELETE FROM ratings WHERE rowid IN (SELECT place FROM temp.ratingsctl_doubles)";

struct Record {
  Rating rating;
  std::int64_t place = 0;
};

auto event(const Record& record) { return std::tuple{record.rating.movie, record.rating.timestamp}; }

/// Finds doubles and conflicts, one user after the other.
class Finder {
 public:
  Finder(Database& database, DedupeResult& result) : remember_{database, kRemember}, result_{result} {}

  void add(const Record& record) {
    if (!records_.empty() && records_.front().rating.user != record.rating.user) finish_user();
    records_.push_back(record);
  }

  void finish_user() {
    // Doubles next to each other, in one event's order; the record stored first is the one that stays.
    std::sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
      return std::tuple{event(a), a.rating.score, a.place} < std::tuple{event(b), b.rating.score, b.place};
    });
    std::uint64_t removed = 0;
    for (auto first = records_.begin(); first != records_.end();) {
      const auto end =
          std::find_if(first, records_.end(), [&](const Record& r) { return event(r) != event(*first); });
      removed += one_event({first, end});
      first = end;
    }
    if (removed > 0) {
      result_.users.push_back(
          {.user = records_.front().rating.user, .rows = removed, .status = UserStatus::purged});
      result_.rows += removed;
      ++result_.user_count;
    }
    records_.clear();
  }

 private:
  /// Records of one movie at one time, by score. Returns how many are doubles.
  std::uint64_t one_event(std::span<const Record> records) {
    std::uint64_t removed = 0;
    std::uint64_t scores = 0;
    for (auto first = records.begin(); first != records.end();) {
      const auto differs = [&](const Record& r) { return r.rating.score != first->rating.score; };
      const auto end = std::find_if(first, records.end(), differs);
      for (auto copy = first + 1; copy != end; ++copy, ++removed) remember_.bind(copy->place).run();
      result_.groups += end - first > 1 ? 1U : 0U;
      ++scores;
      first = end;
    }
    if (scores > 1) report(records.front().rating, scores);
    return removed;
  }

  void report(const Rating& rating, std::uint64_t scores) {
    ++result_.conflict_count;
    if (result_.conflicts.size() == kNamed) return;
    result_.conflicts.push_back(
        {.user = rating.user, .movie = rating.movie, .timestamp = rating.timestamp, .records = scores});
  }

  Statement remember_;
  DedupeResult& result_;
  std::vector<Record> records_;  ///< of one user
};

void find_doubles(Database& database, std::span<const UserId> wanted, DedupeResult& result) {
  auto users = distinct(wanted);
  auto rows = database.prepare(users.empty() ? kEverybody : kOneUser);
  if (users.empty()) users.push_back({0});  // ids are not negative: everybody
  Finder finder{database, result};
  for (const auto first : users) {
    rows.bind(first);
    while (rows.step()) finder.add({.rating = rows.rating({rows.integer(0)}, 1), .place = rows.integer(4)});
    finder.finish_user();
  }
}

}  // namespace

DedupeResult dedupe(Change& change, const DedupeRequest& request) {
  DedupeResult result;
  auto& database = change.database();
  database.execute(kDoubles);
  find_doubles(database, request.users, result);
  if (request.dry_run || result.rows == 0) return result;
  const auto batch = make_batch(change, "dedupe", "");
  database.prepare(kKeep).bind(batch.seq, change.generation()).run();
  database.execute(kDelete);
  for (const auto& user : result.users) change.touch(user.user);
  close_batch(change, batch, result);
  finish(change, batch, result);
  return result;
}

}  // namespace ratings::sqlite
