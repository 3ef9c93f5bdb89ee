#include "suspects/groups.hpp"

#include <algorithm>
#include <utility>

namespace ratings::suspects {
namespace {

/// Accounts with equal keys: `take(indices)` for each run of at least `least`.
template <typename Key, typename Take>
void each_group(std::span<const Behaviour> accounts, std::uint64_t min_ratings, std::size_t least,
                const Key& key, const Take& take) {
  using Value = decltype(key(accounts[0]));
  std::vector<std::pair<Value, std::uint32_t>> keys;
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].ratings >= min_ratings) keys.emplace_back(key(accounts[i]), i);
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    while (end < keys.size() && keys[end].first == keys[begin].first) ++end;
    if (end - begin >= least) take(std::span{keys}.subspan(begin, end - begin));
  }
}

}  // namespace

Company clones(std::span<const Behaviour> accounts, std::uint64_t min_ratings) {
  Company others(accounts.size());
  each_group(
      accounts, min_ratings, 2, [](const Behaviour& account) { return account.content; },
      [&](const auto& group) {
        for (const auto& [key, account] : group)
          others[account] = static_cast<std::uint32_t>(group.size() - 1);
      });
  return others;
}

Company lock_step(std::span<const Behaviour> accounts, std::uint64_t min_ratings) {
  constexpr std::size_t kLeast = 3;
  constexpr unsigned kAgreements = 2;
  Company others(accounts.size());
  std::vector<std::uint8_t> agreements(accounts.size());
  for (std::size_t minimum = 0; minimum < kMinima; ++minimum) {
    each_group(
        accounts, min_ratings, kLeast, [&](const Behaviour& account) { return account.minima[minimum]; },
        [&](const auto& group) {
          for (const auto& [key, account] : group) {
            ++agreements[account];
            others[account] = std::max(others[account], static_cast<std::uint32_t>(group.size() - 1));
          }
        });
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (agreements[i] < kAgreements) others[i] = 0;
  }
  return others;
}

}  // namespace ratings::suspects
