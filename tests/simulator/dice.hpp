#pragma once

#include "ratings/clock.hpp"

#include <cstdint>
#include <random>

namespace ratings::simulator {

/// All chance of one run, from one seed. The standard's distributions differ between libraries, a remainder
/// does not; its bias is of no importance here.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_{seed} {}

  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  bool one_in(std::int64_t chances) { return below(chances) == 0; }
  Instant up_to(Instant limit) { return Instant{1 + below(limit.count())}; }

 private:
  std::mt19937_64 random_;
};

}  // namespace ratings::simulator
