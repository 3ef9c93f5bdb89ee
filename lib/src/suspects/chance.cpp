#include "suspects/chance.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

/// ln (x · (x + 1) · … · (x + n − 1))
double log_rising(double x, double n) { return std::lgamma(x + n) - std::lgamma(x); }

}  // namespace

double chance_of_agreement(std::uint64_t alike, std::uint64_t count, double seen, double others) noexcept {
  if (alike == 0 || seen >= others) return 1;
  if (seen <= 0) return 0;
  const auto all = static_cast<double>(count);
  double chance = 0;
  for (auto number = alike; number <= count; ++number) {
    const auto such = static_cast<double>(number);
    const auto ways = std::lgamma(all + 1) - std::lgamma(such + 1) - std::lgamma(all - such + 1);
    chance += std::exp(ways + log_rising(seen, such) + log_rising(others - seen, all - such) -
                       log_rising(others, all));
  }
  return std::min(chance, 1.0);
}

}  // namespace ratings::suspects
