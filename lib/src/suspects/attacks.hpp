#pragma once

#include "suspects/films.hpp"

#include "ratings/suspects.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

/// An account's part in an attack.
struct Part {
  std::uint32_t attack = 0;  ///< index into AttackFinder::attacks()
  float score = 0;           ///< what it gave
  double weight = 0;         ///< 0 … 1: the share of such ratings that the film does not get on other days
};

/// Finds films that got, on one day, far more ratings than usual and far from its usual score, and who gave
/// them. The film comes first, then the day, then the accounts (Zhou et al., "Detection of abnormal profiles
/// on group attacks in recommender systems", 2015; Gao et al., 2014); a day is their window. Not thread-safe.
class AttackFinder {
 public:
  /// `films` is complete and outlives this object. Only attacks on `movie`, smaller ones too, when there is
  /// one.
  AttackFinder(const Films& films, std::optional<MovieId> movie);

  /// The second pass. `account` is the caller's number for whose rating it is.
  void add(std::uint32_t account, const Rating& rating);
  /// After the last rating.
  void finish();

  [[nodiscard]] const std::vector<Attack>& attacks() const noexcept { return attacks_; }
  /// Who took part in what; empty for most accounts.
  [[nodiscard]] const std::vector<Part>& parts(std::uint32_t account) const;

 private:
  /// A film on a day with enough ratings to be looked at.
  struct Crowd {
    MovieId movie;
    std::int64_t day = 0;
    Sums scores;
    std::array<std::uint32_t, 21> histogram{};  ///< by half points, 0 … 10
  };
  struct Member {
    std::uint32_t account;
    std::uint32_t crowd;
    float score;
  };
  /// Index into attacks_, when this crowd is one.
  std::optional<std::uint32_t> judge(const Crowd& crowd);

  const Films& films_;
  const std::optional<MovieId> movie_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
  std::vector<Crowd> crowds_;
  std::vector<Member> members_;
  std::vector<Attack> attacks_;
  std::unordered_map<std::uint32_t, std::vector<Part>> parts_;
};

}  // namespace ratings::suspects
