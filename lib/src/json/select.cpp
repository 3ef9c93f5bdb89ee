#include "ratings/history_view.hpp"

#include <algorithm>
#include <limits>

namespace ratings {
namespace {

bool wanted(const Rating& rating, const HistoryFilter& filter) {
  if (filter.from && rating.timestamp < *filter.from) return false;
  if (filter.to && rating.timestamp >= *filter.to) return false;
  if (filter.min_score && rating.score < *filter.min_score) return false;
  return filter.movies.empty() ||
         std::find(filter.movies.begin(), filter.movies.end(), rating.movie) != filter.movies.end();
}

/// Walks a history in the order asked for and counts how many equal records it has passed, which is what
/// makes a cursor stable among them.
class Walk {
 public:
  explicit Walk(const HistoryFilter& filter) : filter_{filter} {}

  /// Takes the next record of the walk; false when the page is full and something was left over.
  bool take(const Rating& rating) {
    if (!wanted(rating, filter_)) return true;
    equal_ = last_ && same_place(rating, *last_) ? equal_ + 1 : 1;
    last_ = rating;
    if (shown_before(rating)) return true;
    if (page_.ratings.size() == filter_.limit.value_or(std::numeric_limits<std::uint64_t>::max())) {
      page_.next = next_;
      return false;
    }
    page_.ratings.push_back(rating);
    next_ =
        Cursor{.timestamp = rating.timestamp, .movie = rating.movie, .score = rating.score, .seen = equal_};
    return true;
  }

  HistoryPage page() && { return std::move(page_); }

 private:
  /// The order ignores the user: a history has one.
  static bool same_place(const Rating& a, const Rating& b) { return !older(a, b) && !older(b, a); }

  bool shown_before(const Rating& rating) const {
    if (!filter_.after) return false;
    const auto& after = *filter_.after;
    const Rating mark{.user = {}, .movie = after.movie, .score = after.score, .timestamp = after.timestamp};
    if (same_place(rating, mark)) return equal_ <= after.seen;
    return filter_.order == Order::asc ? older(rating, mark) : older(mark, rating);
  }

  const HistoryFilter& filter_;
  HistoryPage page_;
  std::optional<Rating> last_;
  std::optional<Cursor> next_;
  std::uint64_t equal_ = 0;
};

}  // namespace

bool HistoryFilter::everything() const {
  return !from && !to && movies.empty() && !min_score && !limit && !after && order == Order::asc;
}

HistoryPage select(std::span<const Rating> history, const HistoryFilter& filter) {
  Walk walk{filter};
  const auto take = [&walk](const Rating& rating) { return walk.take(rating); };
  if (filter.order == Order::asc) {
    (void)std::all_of(history.begin(), history.end(), take);
  } else {
    (void)std::all_of(history.rbegin(), history.rend(), take);
  }
  return std::move(walk).page();
}

}  // namespace ratings
