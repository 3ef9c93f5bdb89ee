// Who among the users is what: bots of each kind, and honest people who look like bots at first sight.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace maker {

enum class Kind : std::uint8_t { push, nuke, clone, burst, lock_step, honest_burst, honest_heavy, ordinary };
/// The names of all but the last.
constexpr std::array<std::string_view, 7> kKinds{"push",      "nuke",         "clone",       "burst",
                                                 "lock-step", "honest-burst", "honest-heavy"};

/// Of each kind, in hundredths of a percent of the users.
using Shares = std::array<std::uint64_t, kKinds.size()>;

struct Role {
  Kind kind = Kind::ordinary;
  /// From 1, never shared by two kinds; 0: acts alone.
  std::uint32_t group = 0;
};

/// The role of each user, user 1 first. Members of a group are strewn over all numbers, as accounts that were
/// opened over years would be. Kind::honest_heavy is not dealt out here.
std::vector<Role> deal_roles(const Shares& shares, std::uint64_t users, std::uint64_t seed);

/// Calls those ordinary users honest_heavy that have the most rows.
void name_heaviest(std::vector<Role>& roles, const std::vector<std::uint32_t>& rows,
                   std::uint64_t hundredths);

}  // namespace maker
