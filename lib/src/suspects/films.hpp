#pragma once

#include "ratings/model.hpp"

#include <cmath>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

inline constexpr std::int64_t kDay = 86'400;
/// Campaigns last days. Counted from 1970-01-01, so a week begins on a Thursday.
inline constexpr std::int64_t kWeek = 7 * kDay;

/// Number, sum and sum of squares: all that mean and deviation need. Scores are small, so that doubles are
/// exact far beyond any store's size.
struct Sums {
  std::uint64_t count = 0;
  double sum = 0;
  double squares = 0;

  void add(float score) noexcept {
    ++count;
    sum += double{score};
    squares += double{score} * double{score};
  }
  [[nodiscard]] Sums with(const Sums& more) const noexcept {
    return {count + more.count, sum + more.sum, squares + more.squares};
  }
  [[nodiscard]] Sums without(const Sums& part) const noexcept {
    return {count - part.count, sum - part.sum, squares - part.squares};
  }
  /// The same mean and deviation from `ratings` ratings, or from all when there are fewer.
  [[nodiscard]] Sums shrunk_to(std::uint64_t ratings) const noexcept {
    if (count <= ratings) return *this;
    const auto share = static_cast<double>(ratings) / static_cast<double>(count);
    return {ratings, sum * share, squares * share};
  }
  [[nodiscard]] double mean() const noexcept { return count == 0 ? 0 : sum / static_cast<double>(count); }
  /// Of the population; 0 without ratings.
  [[nodiscard]] double deviation() const noexcept {
    if (count == 0) return 0;
    const auto variance = squares / static_cast<double>(count) - mean() * mean();
    return variance > 0 ? std::sqrt(variance) : 0;
  }
};

/// How many of some ratings are the lowest and the highest score there is.
struct Extremes {
  std::uint32_t lowest = 0;
  std::uint32_t highest = 0;

  void add(float score, float lowest_score, float highest_score) noexcept {
    if (score <= lowest_score) ++lowest;
    if (score >= highest_score) ++highest;
  }
  [[nodiscard]] Extremes with(const Extremes& more) const noexcept {
    return {lowest + more.lowest, highest + more.highest};
  }
  [[nodiscard]] Extremes without(const Extremes& part) const noexcept {
    return {lowest - part.lowest, highest - part.highest};
  }
};

/// What all accounts together gave one film.
struct Film {
  Sums scores;
  Extremes extremes;  ///< filled in by the second pass
  std::int32_t first_week = 0;
  std::int32_t last_week = 0;

  /// From its first rating to its last.
  [[nodiscard]] std::int32_t weeks() const noexcept { return last_week - first_week + 1; }
  /// Ratings in an average one of them.
  [[nodiscard]] double a_week() const noexcept { return static_cast<double>(scores.count) / weeks(); }
};

/// All films, and how crowded each was in each week. Not thread-safe.
class Films {
 public:
  Films();

  /// The first pass.
  void add(std::span<const Rating> history);
  /// The second, when the lowest and the highest score are known.
  void add_extremes(std::span<const Rating> history);
  /// One that was added.
  [[nodiscard]] const Film& at(MovieId movie) const;
  [[nodiscard]] const Sums& all() const noexcept { return all_; }
  /// Of all ratings; after the second pass.
  [[nodiscard]] const Extremes& extremes() const noexcept { return extremes_; }
  [[nodiscard]] float lowest() const noexcept { return lowest_; }
  [[nodiscard]] float highest() const noexcept { return highest_; }
  /// Of all ratings those that came in this week and the ones after it, `weeks` in all.
  [[nodiscard]] double share(std::int64_t week, unsigned weeks) const;
  /// Fetches what may_have() is going to be asked for.
  void expect(std::span<const Rating> history) const noexcept;
  /// Can this film have had so many ratings in this week? Films and weeks share counters, so that a yes may
  /// be wrong, a no never.
  [[nodiscard]] bool may_have(double ratings, MovieId movie, std::int64_t week) const noexcept;
  /// The same for this week, the one before or the one after.
  [[nodiscard]] bool may_have_near(double ratings, MovieId movie, std::int64_t week) const noexcept;

 private:
  [[nodiscard]] static std::size_t slot(MovieId movie, std::int64_t week) noexcept;
  [[nodiscard]] bool holds(std::size_t slot, double ratings) const noexcept;
  Film& film(MovieId movie);

  std::vector<Film> films_;  ///< by number, as far as numbers are small
  std::unordered_map<std::int32_t, Film> far_films_;
  std::vector<std::uint8_t> crowds_;
  std::unordered_map<std::int64_t, std::uint64_t> weeks_;  ///< ratings in each
  Sums all_;
  Extremes extremes_;
  float lowest_ = kMaxScore;
  float highest_ = 0;
};

}  // namespace ratings::suspects
