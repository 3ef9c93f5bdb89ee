#include "store/doubles.hpp"

#include <algorithm>
#include <tuple>

namespace ratings {
namespace {

/// Conflicts named one by one; beyond them only the number is given.
constexpr std::size_t kNamed = 1'000;

auto event(const PlacedRating& record) {
  return std::tuple{record.rating.user, record.rating.movie, record.rating.timestamp};
}

bool earlier(const Conflict& a, const Conflict& b) {
  return std::tuple{a.user, a.movie, a.timestamp} < std::tuple{b.user, b.movie, b.timestamp};
}

void sort_by_event(std::vector<PlacedRating>& records) {
  std::sort(records.begin(), records.end(), [](const PlacedRating& a, const PlacedRating& b) {
    return std::tuple_cat(event(a), std::tuple{a.rating.score, a.place}) <
           std::tuple_cat(event(b), std::tuple{b.rating.score, b.place});
  });
}

bool equal(const PlacedRating& a, const PlacedRating& b) {
  return event(a) == event(b) && a.rating.score == b.rating.score;
}

}  // namespace

void DoubleFinder::thin(std::vector<PlacedRating>& records) {
  sort_by_event(records);
  std::size_t left = 0;
  for (const auto& record : records) {
    if (left >= 2 && equal(records[left - 2], record)) {
      take_(record.place);
      ++doubles_[record.rating.user];
    } else {
      records[left++] = record;
    }
  }
  records.resize(left);
}

void DoubleFinder::examine(std::vector<PlacedRating>& records) {
  sort_by_event(records);
  for (auto first = records.cbegin(); first != records.cend();) {
    const auto end = std::find_if(first + 1, records.cend(),
                                  [&](const PlacedRating& other) { return event(other) != event(*first); });
    examine_event(first, end);
    first = end;
  }
}

void DoubleFinder::examine_event(Place first, Place end) {
  std::uint64_t scores = 0;
  for (auto copy = first; copy != end; ++scores) {
    const auto kept = copy;
    while (++copy != end && copy->rating.score == kept->rating.score) take_(copy->place);
    const auto removed = static_cast<std::uint64_t>(copy - kept - 1);
    if (removed == 0) continue;
    doubles_[kept->rating.user] += removed;
    ++groups_;
  }
  if (scores == 1) return;
  ++conflict_count_;
  const auto& rating = first->rating;
  keep({.user = rating.user, .movie = rating.movie, .timestamp = rating.timestamp, .records = scores});
}

void DoubleFinder::keep(const Conflict& conflict) {
  if (conflicts_.size() == kNamed) {
    if (!earlier(conflict, conflicts_.back())) return;
    conflicts_.pop_back();
  }
  conflicts_.insert(std::upper_bound(conflicts_.begin(), conflicts_.end(), conflict, earlier), conflict);
}

void DoubleFinder::report(DedupeResult& result) const {
  result.users.clear();
  result.rows = 0;
  for (const auto& [user, rows] : doubles_) {
    result.users.push_back({.user = user, .rows = rows, .status = UserStatus::purged});
    result.rows += rows;
  }
  std::sort(result.users.begin(), result.users.end(),
            [](const UserOutcome& a, const UserOutcome& b) { return a.user < b.user; });
  result.user_count = result.users.size();
  result.groups = groups_;
  result.conflict_count = conflict_count_;
  result.conflicts = conflicts_;
}

}  // namespace ratings
