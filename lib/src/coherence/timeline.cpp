#include "coherence/timeline.hpp"

#include <algorithm>

namespace ratings {

struct Timeline::Shard {
  mutable std::mutex mutex;
  std::int64_t start = 0;  ///< S of the header
  std::int64_t now = -1;   ///< P of the header
  std::int64_t floor = 0;
  std::shared_ptr<const Points> points;
  std::unordered_map<UserId, std::int64_t> moved;  ///< own positions of those who moved after `start`
  std::unordered_map<UserId, Tag> adopted;

  [[nodiscard]] Verdict judge(UserId user, const Tag& tag) const;
  [[nodiscard]] std::optional<std::int64_t> own(UserId user) const;
  void watch_from(std::int64_t position);
};

Timeline::~Timeline() = default;
Timeline::Timeline() : shards_{std::make_unique<std::array<Shard, kShards>>()} {}

Timeline::Shard& Timeline::shard(UserId user) const noexcept {
  return (*shards_)[std::hash<UserId>{}(user) % kShards];
}

void Timeline::start(const PositionState& state) {
  last_.reset();  // should memory run out half-way, the next check starts again
  points_ = std::make_shared<const Points>(Points{state.now});
  for (auto& shard : *shards_) {
    const std::scoped_lock lock{shard.mutex};
    shard.watch_from(state.now.position);
    shard.now = state.now.position;
    shard.floor = state.floor;
    shard.points = points_;
  }
  last_ = state.now;
}

void Timeline::advance(const Changes& changes) {
  const auto& state = changes.state;
  if (state.now == last_ && changes.moved.empty()) return;
  points_ = longer(changes);
  std::array<std::vector<std::pair<UserId, std::int64_t>>, kShards> moved;
  for (const auto& one : changes.moved) moved[std::hash<UserId>{}(one.first) % kShards].push_back(one);
  for (std::size_t i = 0; i < kShards; ++i) {
    auto& shard = (*shards_)[i];
    const std::scoped_lock lock{shard.mutex};
    // The users first: should memory run out here, the shard knows too much, never too little.
    for (const auto& [user, own] : moved[i]) shard.moved.insert_or_assign(user, own);
    shard.points = points_;
    shard.now = state.now.position;
    if (state.floor > shard.floor) {
      shard.floor = state.floor;
      std::erase_if(shard.moved, [&](const auto& one) { return one.second <= state.floor; });
      shard.adopted.clear();
    }
    if (shard.moved.size() > kMaxUsers / kShards) shard.watch_from(state.now.position);
  }
  last_ = state.now;
}

Verdict Timeline::judge(UserId user, const Tag& tag) const {
  const auto& mine = shard(user);
  const std::scoped_lock lock{mine.mutex};
  return mine.judge(user, tag);
}

bool Timeline::adopt(UserId user, const Tag& tag, const Standing& standing) {
  if (!standing.known_point || standing.own != tag.own) return false;
  auto& mine = shard(user);
  const std::scoped_lock lock{mine.mutex};
  // An answer from before our own check is from another history; good for this request, not to be remembered.
  if (standing.now.position < mine.now) return true;
  if (mine.adopted.size() >= kMaxUsers / kShards) mine.adopted.clear();
  mine.adopted.insert_or_assign(user, tag);
  return true;
}

std::shared_ptr<const Timeline::Points> Timeline::longer(const Changes& changes) const {
  Points all = *points_;
  const auto add = [&all](const ReadPoint& point) {
    if (point.position > all.back().position) all.push_back(point);
  };
  for (const auto& point : changes.history) add(point);
  add(changes.state.now);
  if (all.size() > kMaxPoints)
    all.erase(all.begin(), all.end() - static_cast<Points::difference_type>(kMaxPoints));
  return std::make_shared<const Points>(std::move(all));
}

Verdict Timeline::Shard::judge(UserId user, const Tag& tag) const {
  if (tag.own > tag.read.position) return Verdict::no;
  if (tag.read.position > now) return Verdict::ahead;
  const auto known = own(user);
  if (known && *known != tag.own) return Verdict::no;
  if (const auto one = adopted.find(user); one != adopted.end() && one->second == tag) return Verdict::yes;
  const auto point = std::ranges::lower_bound(*points, tag.read.position, {}, &ReadPoint::position);
  if (point == points->end() || point->position != tag.read.position) return Verdict::ask;
  if (point->salt != tag.read.salt) return Verdict::no;
  if (known) return Verdict::yes;
  if (tag.read.position < start) return Verdict::ask;
  // Not moved since `start`, so a larger own position cannot be true.
  return tag.own <= start ? Verdict::yes : Verdict::no;
}

std::optional<std::int64_t> Timeline::Shard::own(UserId user) const {
  if (const auto found = moved.find(user); found != moved.end()) return std::max(found->second, floor);
  if (floor > start) return floor;
  return std::nullopt;
}

void Timeline::Shard::watch_from(std::int64_t position) {
  start = position;
  moved.clear();
  adopted.clear();
}

}  // namespace ratings
