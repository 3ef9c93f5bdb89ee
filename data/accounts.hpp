// What bots rate, and people who sit down once and rate everything they know.
//
// Attack models: Zhou et al., "Multiview Ensemble Method for Detecting Shilling Attacks in Collaborative
// Recommender Systems", Security and Communication Networks 2018, 8174603, table 1. A profile has target
// films at the extreme and filler films that make it look real: chosen at random and rated about the mean of
// everything ("random"), about the film's own mean ("average"), popular films about their mean ("average over
// popular", AoP), or all 5.0 around a 0.5
// ("love/hate"). "Attack profiles are injected in a short period": Zhou et al., Mathematical Problems in
// Engineering 2015, 490261. Clones, bursts and lock-step follow what operators describe, not a paper.
#pragma once

#include "roles.hpp"
#include "taste.hpp"

#include <cstdint>
#include <vector>

namespace maker {

struct Vote {
  std::uint64_t film = 0;
  Score score = 0;
  std::uint64_t time = 0;
};

/// Knows the votes of every account with a role; the same ones each time it is asked. One thread.
class Accounts {
 public:
  Accounts(const Films& films, std::uint64_t seed) : films_{films}, seed_{seed} {}

  /// In the order of films, each film once. `role` is neither ordinary nor honest_heavy.
  std::vector<Vote> votes(std::uint64_t user, Role role);

 private:
  std::vector<Vote> attack(bool push, Role role, Random& own);
  std::vector<Vote> one_taste(std::uint64_t more, Random& random);
  std::vector<Vote> clone(Role role, Random& own);
  std::vector<Vote> burst(Role role, Random& own);
  std::vector<Vote> lock_step(Role role, Random& own);
  std::vector<Vote> binge(Random& own);
  Random group(Role role) const { return stream(seed_, Purpose::group, role.group); }
  std::uint64_t target(bool push, Random& random) const;

  const Films& films_;
  std::uint64_t seed_;
  FilmPicker picker_;
};

}  // namespace maker
