#include "suspects/groups.hpp"

#include <algorithm>

namespace ratings::suspects {
namespace {

struct Entry {
  std::uint64_t key;
  std::uint32_t account;
};

/// `take(entries)` for each run of at least `least` entries with equal keys.
template <typename Take>
void each_group(std::vector<Entry>& entries, std::size_t least, const Take& take) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
  for (std::size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    while (end < entries.size() && entries[end].key == entries[begin].key) ++end;
    if (end - begin >= least) take(std::span<const Entry>{entries}.subspan(begin, end - begin));
  }
}

}  // namespace

Company clones(std::span<const Behaviour> accounts, std::uint64_t min_ratings) {
  std::vector<Entry> entries;
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].ratings >= min_ratings) entries.push_back({accounts[i].content, i});
  }
  Company others(accounts.size());
  each_group(entries, 2, [&](std::span<const Entry> group) {
    for (const auto& entry : group) others[entry.account] = static_cast<std::uint32_t>(group.size() - 1);
  });
  return others;
}

Company lock_step(std::span<const Behaviour> accounts, std::uint64_t min_ratings) {
  constexpr std::size_t kLeast = 3;
  constexpr unsigned kInCommon = 3;
  std::vector<Entry> entries;
  entries.reserve(accounts.size() * kSketch);
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].ratings < min_ratings) continue;
    for (const auto value : accounts[i].sketch) {
      if (value != kNothing) entries.push_back({value, i});
    }
  }
  Company others(accounts.size());
  std::vector<std::uint8_t> in_common(accounts.size());
  each_group(entries, kLeast, [&](std::span<const Entry> group) {
    for (const auto& entry : group) {
      ++in_common[entry.account];
      others[entry.account] = std::max(others[entry.account], static_cast<std::uint32_t>(group.size() - 1));
    }
  });
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (in_common[i] < kInCommon) others[i] = 0;
  }
  return others;
}

}  // namespace ratings::suspects
