#pragma once

#include "ratings/model.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

inline constexpr std::int64_t kDay = 86'400;

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
  [[nodiscard]] Sums without(const Sums& part) const noexcept {
    return {count - part.count, sum - part.sum, squares - part.squares};
  }
  [[nodiscard]] double mean() const noexcept { return count == 0 ? 0 : sum / static_cast<double>(count); }
  /// Of the population; 0 without ratings.
  [[nodiscard]] double deviation() const noexcept {
    if (count == 0) return 0;
    const auto variance = squares / static_cast<double>(count) - mean() * mean();
    return variance > 0 ? std::sqrt(variance) : 0;
  }
};

/// What all accounts together gave one film.
struct Film {
  Sums scores;
  std::int64_t first_day = 0;
  std::int64_t last_day = 0;

  /// Ratings on an average day of its life.
  [[nodiscard]] double a_day() const noexcept {
    return static_cast<double>(scores.count) / static_cast<double>(last_day - first_day + 1);
  }
};

/// All films, and how crowded each was on each day. Not thread-safe.
class Films {
 public:
  Films();

  void add(const Rating& rating);
  /// Null when no such film was added.
  [[nodiscard]] const Film* find(MovieId movie) const;
  [[nodiscard]] const Sums& all() const noexcept { return all_; }
  [[nodiscard]] float lowest() const noexcept { return lowest_; }
  [[nodiscard]] float highest() const noexcept { return highest_; }
  /// Ratings of this film on this day, or more: films and days that share a counter are counted together.
  [[nodiscard]] std::uint64_t at_most(MovieId movie, std::int64_t day) const noexcept {
    return crowds_[slot(movie, day)];
  }

 private:
  [[nodiscard]] static std::size_t slot(MovieId movie, std::int64_t day) noexcept;

  std::unordered_map<std::int32_t, Film> films_;
  std::vector<std::uint16_t> crowds_;
  Sums all_;
  float lowest_ = kMaxScore;
  float highest_ = 0;
};

}  // namespace ratings::suspects
