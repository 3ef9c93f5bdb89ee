#include "store/exclusion_list.hpp"

#include <algorithm>

namespace ratings {

void ExclusionList::exclude(UserId user, std::int64_t batch) {
  const auto [place, added] = batches_.try_emplace(user, batch);
  if (!added) place->second = std::max(place->second, batch);
}

std::optional<std::int64_t> ExclusionList::batch_of(UserId user) const {
  const auto found = batches_.find(user);
  if (found == batches_.end()) return std::nullopt;
  return found->second;
}

std::vector<UserId> ExclusionList::users() const {
  std::vector<UserId> users;
  users.reserve(batches_.size());
  for (const auto& [user, batch] : batches_) users.push_back(user);
  return users;
}

ExclusionList::Split ExclusionList::split(std::span<const Rating> rows, Scratch& scratch) const {
  // Nearly every load and nearly every chunk has nobody excluded: such rows are not copied.
  const auto excluded = [this](const Rating& row) { return batches_.contains(row.user); };
  if (batches_.empty() || std::none_of(rows.begin(), rows.end(), excluded)) return {rows, {}};
  scratch.kept.clear();
  scratch.held.clear();
  for (const auto& row : rows) (excluded(row) ? scratch.held : scratch.kept).push_back(row);
  return {scratch.kept, scratch.held};
}

}  // namespace ratings
