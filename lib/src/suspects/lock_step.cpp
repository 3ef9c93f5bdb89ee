#include "suspects/lock_step.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace ratings::suspects {
namespace {

/// So many accounts make a group, and so many hashes must be shared by all of them.
constexpr std::size_t kGroup = 3;
constexpr unsigned kShared = 3;
/// Hashes to compare two accounts by. Where it is not all of them, the share is off by 0.06 (one standard
/// error).
constexpr std::size_t kSample = 64;
/// Two thirds. Of 671 real people no three come so near to each other, even if all they ever rated is put
/// into one hour; bots that start within two minutes and are parted by the turn of an hour do.
constexpr std::size_t kCommon = 2;
constexpr std::size_t kOf = 3;
/// Companions are a bit each.
constexpr std::size_t kTogether = 64;

/// Calls `take(members)` for the accounts that share the same `more` hashes above `least`, and are a group.
/// Nothing is kept but the groups on the way to this one.
template <typename Take>
void each_group(std::span<const Behaviour> accounts, std::span<const std::uint32_t> members,
                std::uint64_t least, unsigned more, const Take& take) {
  std::vector<std::uint64_t> entries;
  for (const auto member : members) {
    for (const auto value : accounts[member].sketch) {
      if (value >= least && value != kNothing) entries.push_back(joined(value, member));
    }
  }
  std::sort(entries.begin(), entries.end());
  std::vector<std::uint32_t> group;
  for (std::size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    const auto value = entries[begin] >> 32U;
    while (end < entries.size() && entries[end] >> 32U == value) ++end;
    if (end - begin < kGroup) continue;
    group.clear();
    for (auto one = begin; one < end; ++one) group.push_back(static_cast<std::uint32_t>(entries[one]));
    if (more == 1) {
      take(group);
    } else {
      each_group(accounts, group, value + 1, more - 1, take);
    }
  }
}

}  // namespace

LockStep::LockStep(std::span<const Behaviour> accounts, std::uint64_t min_ratings) : accounts_{accounts} {
  Members judged;
  judged.reserve(accounts.size());
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].ratings >= min_ratings) judged.push_back(i);
  }
  each_group(accounts, judged, 0, kShared, [&](const Members& group) {
    for (const auto member : group) samples_.try_emplace(member);
  });
}

void LockStep::add(std::uint32_t account, std::span<const Rating> history) {
  const auto found = samples_.find(account);
  if (found == samples_.end()) return;
  auto& sample = found->second;
  std::vector<std::uint32_t> hashes;
  hashes.reserve(history.size());
  for (const auto& rating : history) hashes.push_back(film_and_hour(rating));
  std::sort(hashes.begin(), hashes.end());
  const auto end = std::unique(hashes.begin(), hashes.end());
  hashes.erase(end, hashes.end());
  hashes.resize(std::min(kSample, hashes.size()));
  sample.assign(hashes.begin(), hashes.end());
}

Company LockStep::company() const {
  Members members;
  members.reserve(samples_.size());
  for (const auto& [account, sample] : samples_) members.push_back(account);
  std::sort(members.begin(), members.end());
  Company others(accounts_.size());
  each_group(accounts_, members, 0, kShared, [&](Members& group) {
    // Who is in lock-step has nearly the same hashes, and comes into the same part.
    if (group.size() > kTogether) {
      std::sort(group.begin(), group.end(), [&](std::uint32_t a, std::uint32_t b) {
        return accounts_[a].sketch != accounts_[b].sketch ? accounts_[a].sketch < accounts_[b].sketch : a < b;
      });
    }
    for (std::size_t begin = 0; begin < group.size(); begin += kTogether)
      compare(std::span{group}.subspan(begin, std::min(kTogether, group.size() - begin)), others);
  });
  return others;
}

bool LockStep::alike(std::uint32_t one, std::uint32_t other) const {
  const auto& a = samples_.at(one);
  const auto& b = samples_.at(other);
  // The smallest of both together are a sample of all that either has.
  std::size_t all = 0;
  std::size_t common = 0;
  auto left = a.begin();
  auto right = b.begin();
  for (; all < kSample && left != a.end() && right != b.end(); ++all) {
    const auto low = std::min(*left, *right);
    const bool in_left = *left == low;
    const bool in_right = *right == low;
    left += in_left ? 1 : 0;
    right += in_right ? 1 : 0;
    common += in_left && in_right ? 1 : 0;
  }
  all = std::min(kSample, all + static_cast<std::size_t>(a.end() - left + (b.end() - right)));
  return kOf * common >= kCommon * all;
}

/// Each two of a group must be alike, so two companions of an account must be each other's, too.
void LockStep::compare(std::span<const std::uint32_t> members, Company& others) const {
  std::array<std::uint64_t, kTogether> companions{};
  for (std::size_t one = 0; one < members.size(); ++one) {
    for (auto other = one + 1; other < members.size(); ++other) {
      if (!alike(members[one], members[other])) continue;
      companions[one] |= std::uint64_t{1} << other;
      companions[other] |= std::uint64_t{1} << one;
    }
  }
  for (std::size_t one = 0; one < members.size(); ++one) {
    bool grouped = false;
    for (auto left = companions[one]; left != 0 && !grouped; left &= left - 1)
      grouped = (companions[one] & companions[static_cast<std::size_t>(std::countr_zero(left))]) != 0;
    auto& known = others[members[one]];
    if (grouped) known = std::max(known, static_cast<std::uint32_t>(std::popcount(companions[one])));
  }
}

}  // namespace ratings::suspects
