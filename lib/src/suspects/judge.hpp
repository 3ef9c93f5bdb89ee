#pragma once

#include "suspects/attacks.hpp"
#include "suspects/behaviour.hpp"
#include "suspects/fences.hpp"
#include "suspects/groups.hpp"

#include "ratings/suspects.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ratings::suspects {

/// Weighs what all accounts did against each other, and says in words why an account stands out. Thread-safe
/// after its construction.
class Judge {
 public:
  /// `accounts` and `attacks` outlive the judge. `accounts` are complete: both passes.
  Judge(std::span<const Behaviour> accounts, const AttackFinder& attacks, Company lock_step,
        std::uint64_t min_ratings);

  /// `account` is an index into the accounts.
  [[nodiscard]] Suspect judge(std::uint32_t account) const;
  [[nodiscard]] std::vector<Distribution> population() const;
  /// Accounts with at least min_ratings.
  [[nodiscard]] std::uint64_t judged() const noexcept { return judged_; }

 private:
  /// Of the accounts that are judged.
  template <typename Which>
  [[nodiscard]] std::uint64_t number_of(const Which& which) const;
  [[nodiscard]] Fences fences(float Behaviour::*measure, double least) const;
  void add_attacks(Suspect& suspect, std::uint32_t account) const;
  void add_company(Suspect& suspect, std::uint32_t account) const;
  void add_taste(Suspect& suspect, const Behaviour& account) const;
  void add_pace(Suspect& suspect, const Behaviour& account) const;

  std::span<const Behaviour> accounts_;
  const AttackFinder& attacks_;
  std::uint64_t min_ratings_;
  std::uint64_t judged_ = 0;
  bool all_fleeting_ = false;  ///< so many lived for a burst that it tells nothing
  Company clones_;
  Company lock_step_;
  Fences distance_, rdma_, entropy_, favoured_, extreme_, steadiness_, busiest_;
};

}  // namespace ratings::suspects
