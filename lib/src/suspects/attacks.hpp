#pragma once

#include "suspects/films.hpp"

#include "ratings/suspects.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

/// An account's part in an attack.
struct Part {
  std::uint32_t attack = 0;  ///< index into AttackFinder::attacks()
  float score = 0;           ///< what it gave
  double weight = 0;         ///< 0 … 1: the share of such ratings that the film does not get in other weeks
};

/// What an account had to do with crowds.
struct Involvement {
  std::vector<Part> attacks;
  std::uint32_t followed = 0;  ///< of its ratings, those that agree with a small or a large crowd
};

/// Finds films that got, in one week, far more ratings than usual and far from their usual score, and who
/// gave them. The film comes first, then the window, then the accounts (Zhou et al., "Detection of abnormal
/// profiles on group attacks in recommender systems", 2015; Gao et al., 2014). A large crowd is an attack by
/// itself. A small one may be chance, and says something only about an account that followed many. Not
/// thread-safe.
class AttackFinder {
 public:
  /// `films` is complete and outlives this object. With a movie, small crowds on it are attacks too, and
  /// others are left out.
  AttackFinder(const Films& films, std::optional<MovieId> movie);

  /// The second pass. `account` is the caller's number for whose rating it is.
  void add(std::uint32_t account, const Rating& rating);
  /// After the last rating.
  void finish();

  [[nodiscard]] const std::vector<Attack>& attacks() const noexcept { return attacks_; }
  /// Null for most accounts: in no crowd.
  [[nodiscard]] const Involvement* involvement(std::uint32_t account) const;

 private:
  /// A film in a week with enough ratings to be looked at.
  struct Crowd {
    MovieId movie;
    std::int64_t week = 0;
    Sums scores;
  };
  struct Member {
    std::uint32_t account;
    std::uint32_t crowd;
    float score;
  };
  struct Verdict {
    bool strange = false;
    double usual = 0;
    std::optional<std::uint32_t> attack;  ///< index into attacks_
  };
  [[nodiscard]] Sums campaign(const Crowd& crowd) const;
  Verdict judge(const Crowd& crowd);

  const Films& films_;
  const std::optional<MovieId> movie_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
  std::vector<Crowd> crowds_;
  std::vector<Member> members_;
  std::vector<Attack> attacks_;
  std::unordered_map<std::uint32_t, Involvement> involvements_;
};

}  // namespace ratings::suspects
