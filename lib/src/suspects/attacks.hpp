#pragma once

#include "suspects/behaviour.hpp"
#include "suspects/crowd.hpp"

#include "ratings/suspects.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings::suspects {

/// An account's part in an attack.
struct Part {
  std::uint32_t attack = 0;  ///< index into AttackFinder::attacks()
  float score = 0;           ///< what it gave
  /// 0 … 1: the share of such ratings that the film does not get in other weeks, less for an account that is
  /// unlike the others in the attack.
  double weight = 0;
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
  /// After the last rating, when films know their extremes. `accounts` by the caller's numbers.
  void finish(std::span<const Behaviour> accounts);

  [[nodiscard]] const std::vector<Attack>& attacks() const noexcept { return attacks_; }
  /// Null for most accounts: in no crowd.
  [[nodiscard]] const Involvement* involvement(std::uint32_t account) const;

 private:
  struct Member {
    std::uint32_t account;
    std::uint32_t crowd;
    float score;
  };
  struct Verdict {
    Opinion opinion;
    std::optional<std::uint32_t> attack;  ///< index into attackers_
  };
  [[nodiscard]] const std::uint32_t* number_of(MovieId movie, std::int64_t week) const;
  [[nodiscard]] Opinion judge(const Crowd& crowd) const;
  void judge_weeks();
  void join_weeks();
  void join(std::uint32_t number, std::uint32_t next);
  void involve();
  void weigh(std::span<const Behaviour> accounts);
  void report();

  const Films& films_;
  const std::optional<MovieId> movie_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
  std::vector<Crowd> crowds_;  ///< of a week each
  std::vector<Verdict> verdicts_;
  std::vector<Member> members_;
  std::vector<Crowd> attackers_;
  std::vector<Attack> attacks_;
  std::unordered_map<std::uint32_t, Involvement> involvements_;
};

}  // namespace ratings::suspects
