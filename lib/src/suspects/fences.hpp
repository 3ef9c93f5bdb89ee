#pragma once

#include <vector>

namespace ratings::suspects {

/// How far out a value lies, from the middle half of a population. As long as fewer than a quarter of the
/// accounts are bots, they cannot move the fences (Tukey, "Exploratory Data Analysis", 1977, 2D: inner fences
/// at 1.5 times the spread of the middle half beyond it, outer fences at 3 times).
class Fences {
 public:
  /// `least`: the spread is taken to be at least this, because a middle half that is all alike says nothing
  /// about what is far. Without values nothing is far out.
  Fences(std::vector<float> values, double least);

  /// 0 up to the inner fence, 1 from the outer one on.
  [[nodiscard]] double above(double value) const noexcept { return strength(value - high_); }
  [[nodiscard]] double below(double value) const noexcept { return strength(low_ - value); }
  /// How far above or below one of the values lies, judged by the others alone: of a few, it would move the
  /// fences.
  [[nodiscard]] double among_others(double value) const noexcept;
  /// `share` 0 … 1, as 0.5 for the median.
  [[nodiscard]] double quantile(double share) const noexcept;
  [[nodiscard]] double median() const noexcept { return quantile(0.5); }

 private:
  [[nodiscard]] double strength(double beyond) const noexcept { return strength(beyond, spread_); }
  [[nodiscard]] double strength(double beyond, double spread) const noexcept;

  std::vector<float> values_;  ///< sorted
  double least_ = 0;
  double low_ = 0;   ///< the lower quartile
  double high_ = 0;  ///< the upper one
  double spread_ = 0;
};

}  // namespace ratings::suspects
