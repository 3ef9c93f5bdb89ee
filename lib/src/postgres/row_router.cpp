#include "postgres/row_router.hpp"

#include "postgres/partition_hash.hpp"

#include <utility>

namespace ratings::postgres {

RowRouter::RowRouter(const ExclusionList& excluded, std::vector<CopyStream*> streams)
    : excluded_{excluded}, streams_{std::move(streams)}, gathered_(streams_.size()) {}

std::size_t RowRouter::route(std::span<const Rating> rows) {
  const auto split = excluded_.split(rows, scratch_);
  const auto partitions = static_cast<std::uint32_t>(streams_.size());
  // Files are grouped by user, mostly: one hash for a run of rows.
  UserId last{-1};
  std::uint32_t to = 0;
  for (const auto& row : split.kept) {
    if (partitions > 1 && row.user != last) to = partition_of(last = row.user, partitions);
    gathered_[to].add(row);
    if (gathered_[to].full()) streams_[to]->put(gathered_[to]);
  }
  sent_ += split.kept.size();
  held_back_.add(split.held);
  return split.held.size();
}

std::uint64_t RowRouter::flush() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (!gathered_[i].empty()) streams_[i]->put(gathered_[i]);
  }
  return sent_;
}

}  // namespace ratings::postgres
