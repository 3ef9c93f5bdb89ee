#include "postgres/fingerprints.hpp"

#include <bit>

namespace ratings::postgres {
namespace {

constexpr std::uint32_t kTold = std::uint32_t{1} << 31U;  ///< the slot's first entry has been given out

}  // namespace

void Fingerprints::take_twins(std::size_t bucket, std::vector<Candidate>& found) {
  entries_.clear();
  for (auto& buckets : lanes_) {
    auto& lane = buckets[bucket];
    entries_.insert(entries_.end(), lane.begin(), lane.end());
    lane = {};
  }
  const auto give = [&](std::uint64_t entry) {
    found.push_back({.print = std::uint64_t{bucket} << 40U | entry >> 24U,
                     .chunk = static_cast<std::uint32_t>(entry % kMaxChunks)});
  };
  // At most half full; the prints are hashes, so their low bits are spread.
  slots_.assign(std::bit_ceil(2 * entries_.size() + 1), 0);
  const auto mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto print = entries_[i] >> 24U;
    auto at = print & mask;
    while (slots_[at] != 0 && entries_[(slots_[at] & ~kTold) - 1] >> 24U != print) at = (at + 1) & mask;
    auto& slot = slots_[at];
    if (slot == 0) {
      slot = static_cast<std::uint32_t>(i + 1);
      continue;
    }
    if ((slot & kTold) == 0) give(entries_[slot - 1]);
    slot |= kTold;
    give(entries_[i]);
  }
}

}  // namespace ratings::postgres
