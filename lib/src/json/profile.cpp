#include "json/history_json.hpp"
#include "json/number.hpp"
#include "json/time.hpp"

#include "ratings/history_view.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace ratings {
namespace {

constexpr std::size_t kRecent = 5;

// Sums are doubles over the exact values of the floats. Half stars are sums of powers of two, so they add up
// exactly; other scores carry the float's own error of at most 5e-7, far below the two decimals shown.
struct Mean {
  double sum = 0;
  std::uint64_t count = 0;
  void add(float score) {
    sum += double{score};
    ++count;
  }
  double value() const { return sum / static_cast<double>(count); }
};

double standard_deviation(std::span<const Rating> history, double mean) {
  double squares = 0;
  for (const auto& rating : history) squares += (double{rating.score} - mean) * (double{rating.score} - mean);
  return std::sqrt(squares / static_cast<double>(history.size()));
}

/// Of an even number of scores the mean of the middle two, in the float's shortest digits: 3.7 and 3.8
/// give 3.75.
float median(const std::vector<float>& sorted) {
  const auto middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  return static_cast<float>((double{sorted[middle - 1]} + double{sorted[middle]}) / 2);
}

std::vector<float> sorted_scores(std::span<const Rating> history) {
  std::vector<float> scores;
  scores.reserve(history.size());
  for (const auto& rating : history) scores.push_back(rating.score);
  std::sort(scores.begin(), scores.end());
  return scores;
}

std::uint64_t distinct_movies(std::span<const Rating> history) {
  std::vector<MovieId> movies;
  movies.reserve(history.size());
  for (const auto& rating : history) movies.push_back(rating.movie);
  std::sort(movies.begin(), movies.end());
  return static_cast<std::uint64_t>(std::unique(movies.begin(), movies.end()) - movies.begin());
}

std::uint64_t active_days(std::span<const Rating> history) {
  std::uint64_t days = 0;
  std::int64_t last = -1;
  for (const auto& rating : history) {
    const auto day = rating.timestamp / json::kSecondsPerDay;
    if (day != last) ++days;
    last = day;
  }
  return days;
}

/// One flat object or array, its parts separated by commas.
class Text {
 public:
  explicit Text(char open) { text_ += open; }

  void field(std::string_view name, std::string_view value) {
    separate();
    text_ += '"';
    text_ += name;
    text_ += "\":";
    text_ += value;
  }
  void field(std::string_view name, std::uint64_t value) { field(name, std::to_string(value)); }
  void item(std::string_view value) {
    separate();
    text_ += value;
  }
  std::string close(char with) && {
    text_ += with;
    return std::move(text_);
  }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_;
};

std::string histogram(const std::vector<float>& scores) {
  std::map<float, std::uint64_t> counts{{0.5F, 0}, {1.0F, 0}, {1.5F, 0}, {2.0F, 0}, {2.5F, 0},
                                        {3.0F, 0}, {3.5F, 0}, {4.0F, 0}, {4.5F, 0}, {5.0F, 0}};
  for (const auto score : scores) ++counts[score];
  Text text{'{'};
  for (const auto& [score, count] : counts) text.field(format_score(score), count);
  return std::move(text).close('}');
}

std::string by_year(std::span<const Rating> history) {
  std::map<std::int64_t, Mean> years;
  for (const auto& rating : history) {
    years[json::date_of(rating.timestamp / json::kSecondsPerDay).year].add(rating.score);
  }
  Text text{'['};
  for (const auto& [year, mean] : years) {
    Text one{'{'};
    one.field("year", std::to_string(year));
    one.field("count", mean.count);
    one.field("avg", json::two_decimals(mean.value()));
    text.item(std::move(one).close('}'));
  }
  return std::move(text).close(']');
}

std::string recent(std::span<const Rating> history) {
  const auto newest = history.last(std::min(kRecent, history.size()));
  return to_json(std::vector<Rating>{newest.rbegin(), newest.rend()});
}

std::string quoted_time(std::int64_t timestamp) { return '"' + format_time(timestamp) + '"'; }

}  // namespace

std::optional<std::string> profile_json(UserId user, std::span<const Rating> history) {
  if (history.empty()) return std::nullopt;
  const auto scores = sorted_scores(history);
  const auto movies = distinct_movies(history);
  Mean mean;
  for (const auto& rating : history) mean.add(rating.score);

  Text text{'{'};
  text.field("user_id", std::to_string(user.value));
  text.field("num_rating", history.size());
  text.field("avg_rating", json::two_decimals(mean.value()));
  text.field("distinct_movies", movies);
  text.field("re_ratings", history.size() - movies);
  text.field("stddev", json::two_decimals(standard_deviation(history, mean.value())));
  text.field("median", format_score(median(scores)));
  text.field("min", format_score(scores.front()));
  text.field("max", format_score(scores.back()));
  text.field("histogram", histogram(scores));
  text.field("first", quoted_time(history.front().timestamp));
  text.field("last", quoted_time(history.back().timestamp));
  text.field("active_days", active_days(history));
  text.field("by_year", by_year(history));
  text.field("recent", recent(history));
  return std::move(text).close('}');
}

}  // namespace ratings
