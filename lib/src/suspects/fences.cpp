#include "suspects/fences.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {

Fences::Fences(std::vector<float> values, double least) : values_{std::move(values)} {
  std::sort(values_.begin(), values_.end());
  low_ = quantile(0.25);
  high_ = quantile(0.75);
  spread_ = std::max(high_ - low_, least);
}

double Fences::quantile(double share) const noexcept {
  if (values_.empty()) return 0;
  const auto last = static_cast<double>(values_.size() - 1);
  return double{values_[static_cast<std::size_t>(std::lround(share * last))]};
}

double Fences::strength(double beyond) const noexcept {
  if (values_.empty()) return 0;
  constexpr double kInner = 1.5;
  constexpr double kOuter = 3.0;
  return std::clamp((beyond / spread_ - kInner) / (kOuter - kInner), 0.0, 1.0);
}

}  // namespace ratings::suspects
