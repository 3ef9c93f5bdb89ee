#pragma once

#include "suspects/behaviour.hpp"
#include "suspects/groups.hpp"

#include "ratings/model.hpp"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

/// Finds accounts that rated largely the same films in the same hours: at least three, of which each two have
/// in common two thirds of all (film, hour) that either of them rated (Jaccard, 1912). People who come in a
/// crowd, to the same popular films, each meet others on some of them, and do not come near that.
///
/// Of all (film, hour) the smallest hashes are a random sample that is the same for everybody, so what
/// accounts have in common is in the samples of all of them (Cohen and Kaplan, "Summarizing data using
/// bottom-k sketches", 2007). Three who share three of their eight smallest may be in lock-step; for these
/// alone the second pass keeps a sample large enough to compare them by: of most accounts it is all there is.
/// Not thread-safe.
class LockStep {
 public:
  /// After the first pass. `accounts` outlive this object; those with fewer than `min_ratings` are left out.
  LockStep(std::span<const Behaviour> accounts, std::uint64_t min_ratings);

  /// The second pass. `account` is an index into the accounts.
  void add(std::uint32_t account, std::span<const Rating> history);
  /// After it. A large group is compared in parts, so that nobody has more than 63 companions.
  [[nodiscard]] Company company() const;

 private:
  using Members = std::vector<std::uint32_t>;
  [[nodiscard]] bool alike(std::uint32_t one, std::uint32_t other) const;
  void compare(std::span<const std::uint32_t> members, Company& others) const;

  std::span<const Behaviour> accounts_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> samples_;  ///< of those who may be; ascending
};

}  // namespace ratings::suspects
