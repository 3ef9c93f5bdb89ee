#include "suspects/fences.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

constexpr double kLowerQuarter = 0.25;
constexpr double kUpperQuarter = 0.75;

std::vector<float> sorted(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

Fences::Fences(std::vector<float> values, double least)
    : values_{sorted(std::move(values))},
      least_{least},
      low_{quantile(kLowerQuarter)},
      high_{quantile(kUpperQuarter)},
      spread_{std::max(high_ - low_, least)} {}

double Fences::among_others(double value) const noexcept {
  if (values_.size() < 2) return 0;
  const auto own = static_cast<std::size_t>(
      std::lower_bound(values_.begin(), values_.end(), static_cast<float>(value)) - values_.begin());
  const auto other = [&](double share) {
    const auto place = static_cast<std::size_t>(std::lround(share * static_cast<double>(values_.size() - 2)));
    return double{values_[place < own ? place : place + 1]};
  };
  const auto low = other(kLowerQuarter);
  const auto high = other(kUpperQuarter);
  return strength(std::max(low - value, value - high), std::max(high - low, least_));
}

double Fences::quantile(double share) const noexcept {
  if (values_.empty()) return 0;
  const auto last = static_cast<double>(values_.size() - 1);
  return double{values_[static_cast<std::size_t>(std::lround(share * last))]};
}

double Fences::strength(double beyond, double spread) const noexcept {
  if (values_.empty()) return 0;
  constexpr double kInner = 1.5;
  constexpr double kOuter = 3.0;
  return std::clamp((beyond / spread - kInner) / (kOuter - kInner), 0.0, 1.0);
}

}  // namespace ratings::suspects
