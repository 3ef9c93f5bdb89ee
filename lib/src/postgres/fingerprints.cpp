#include "postgres/fingerprints.hpp"

#include <algorithm>

namespace ratings::postgres {
namespace {

constexpr std::size_t kFewSlots = std::size_t{1} << 12U;

constexpr std::uint64_t print_of(std::uint64_t entry) { return entry >> 24U; }

constexpr std::uint32_t chunk_of(std::uint64_t entry) {
  return static_cast<std::uint32_t>(entry % Fingerprints::kMaxChunks);
}

}  // namespace

std::size_t Fingerprints::slot_of(std::uint64_t print) const {
  // The prints are hashes, so their low bits are spread.
  const auto mask = slots_.size() - 1;
  auto at = print & mask;
  while (slots_[at] != 0 && print_of(firsts_[slots_[at] - 1]) != print) at = (at + 1) & mask;
  return at;
}

/// At most half full.
void Fingerprints::make_room() {
  if (2 * (firsts_.size() + 1) <= slots_.size()) return;
  slots_.assign(std::max(kFewSlots, 2 * slots_.size()), 0);
  for (std::size_t i = 0; i < firsts_.size(); ++i)
    slots_[slot_of(print_of(firsts_[i]))] = static_cast<std::uint32_t>(i + 1);
}

std::uint64_t Fingerprints::take_twins(std::size_t bucket, std::vector<Candidate>& found) {
  std::uint64_t records = 0;
  firsts_.clear();
  told_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  const auto give = [&](std::uint64_t entry, std::uint32_t& last) {
    ++records;
    if (last != 0 && found[last - 1].chunk == chunk_of(entry)) {
      ++found[last - 1].records;
      return;
    }
    found.push_back(
        {.print = std::uint64_t{bucket} << 40U | print_of(entry), .chunk = chunk_of(entry), .records = 1});
    last = static_cast<std::uint32_t>(found.size());
  };
  for (auto& buckets : lanes_) {
    auto& lane = buckets[bucket];
    for (const auto entry : lane) {
      make_room();
      auto& slot = slots_[slot_of(print_of(entry))];
      if (slot == 0) {
        firsts_.push_back(entry);
        told_.push_back(0);
        slot = static_cast<std::uint32_t>(firsts_.size());
        continue;
      }
      auto& last = told_[slot - 1];
      if (last == 0) give(firsts_[slot - 1], last);
      give(entry, last);
    }
    lane = {};
  }
  return records;
}

}  // namespace ratings::postgres
