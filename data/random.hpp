// Random numbers that are the same on every machine and in every release: std's distributions are not.
#pragma once

#include <cstdint>

namespace maker {

/// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// 0 … limit − 1, limit ≤ 2³². The bias is below limit / 2³²: nobody can see it in made-up data.
  std::uint64_t below(std::uint64_t limit) noexcept { return ((next() >> 32U) * limit) >> 32U; }

 private:
  std::uint64_t state_;
};

/// What a random number is for: each purpose has streams of its own, so that one never shifts another.
enum class Purpose : std::uint64_t { roles, film, group, account };

inline Random stream(std::uint64_t seed, Purpose purpose, std::uint64_t number) {
  return Random{Random{seed}.next() ^ Random{number * 4 + static_cast<std::uint64_t>(purpose)}.next()};
}

}  // namespace maker
