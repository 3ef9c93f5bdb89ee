#include "suspects/groups.hpp"

#include <algorithm>

namespace ratings::suspects {
namespace {

struct Entry {
  std::uint64_t content;
  std::uint32_t account;
};

}  // namespace

Company clones(std::span<const Behaviour> accounts, std::uint64_t min_ratings) {
  std::vector<Entry> entries;
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].ratings >= min_ratings) entries.push_back({accounts[i].content, i});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.content < b.content; });
  Company others(accounts.size());
  for (std::size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    while (end < entries.size() && entries[end].content == entries[begin].content) ++end;
    for (auto one = begin; one < end; ++one)
      others[entries[one].account] = static_cast<std::uint32_t>(end - begin - 1);
  }
  return others;
}

}  // namespace ratings::suspects
