#include "ratings/cache.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace ratings {
namespace {

/// Enough that threads seldom meet at one lock.
constexpr std::size_t kShards = 16;
/// A value that would fill more than this part of a shard is kept with the large ones: it would push out most
/// of its shard. Half the budget in 16 shards of 8 parts: 1 MiB of the default 256 MiB.
constexpr std::size_t kPartsOfShard = 8;

/// First in, first out, with a second chance for what was used since it came to its end of the queue (CLOCK,
/// Corbató 1968). Nearly what "least recently used" keeps, and a hit only sets a flag, so that hits need not
/// wait for each other: moving an entry to the front would make every hit a change.
class Ring {
 public:
  CachedHistoryPtr get(UserId user) const {
    const std::shared_lock lock{mutex_};
    const auto found = index_.find(user);
    if (found == index_.end()) return nullptr;
    const auto& entry = *found->second;
    // Writing what is there already would take the line away from the other cores.
    if (!entry.used.load(std::memory_order_relaxed)) entry.used.store(true, std::memory_order_relaxed);
    return entry.value;
  }

  /// Whatever was there before is gone afterwards, also when the new value finds no room.
  template <typename Budget>
  void put(const CachedHistoryPtr& value, const Budget& budget) {
    Order dropped;  // freed after the lock: a large history takes a while
    const std::scoped_lock lock{mutex_};
    take_out(value->user(), dropped);
    const std::size_t limit = budget();
    if (value->cost() > limit) return;
    shrink(limit - value->cost(), dropped);
    order_.emplace_front(value);
    try {
      index_.emplace(value->user(), order_.begin());
    } catch (...) {
      order_.pop_front();
      throw;
    }
    cost_ += value->cost();
  }

  void erase(UserId user) {
    Order dropped;
    const std::scoped_lock lock{mutex_};
    take_out(user, dropped);
  }

  /// Makes room down to `budget()`, which is asked under the lock. Returns what was freed.
  template <typename Budget>
  void trim(const Budget& budget) {
    Order dropped;
    const std::scoped_lock lock{mutex_};
    shrink(budget(), dropped);
  }

  [[nodiscard]] std::size_t cost() const noexcept { return cost_; }

  void add_to(MemoryFigures& figures) const {
    const std::scoped_lock lock{mutex_};
    figures.bytes += cost_;
    figures.entries += index_.size();
    figures.evictions += evictions_;
  }

 private:
  struct Entry {
    explicit Entry(CachedHistoryPtr kept) : value{std::move(kept)} {}
    CachedHistoryPtr value;
    mutable std::atomic<bool> used{false};
  };
  using Order = std::list<Entry>;

  void shrink(std::size_t limit, Order& dropped) {
    // Ends: each round takes one out or takes a flag away.
    while (cost_ > limit) {
      const auto oldest = std::prev(order_.end());
      if (oldest->used.exchange(false, std::memory_order_relaxed)) {
        order_.splice(order_.begin(), order_, oldest);
      } else {
        take_out(oldest->value->user(), dropped);
        ++evictions_;
      }
    }
  }

  void take_out(UserId user, Order& dropped) {
    const auto found = index_.find(user);
    if (found == index_.end()) return;
    cost_ -= found->second->value->cost();
    dropped.splice(dropped.end(), order_, found->second);
    index_.erase(found);
  }

  mutable std::shared_mutex mutex_;
  Order order_;  ///< newest first
  std::unordered_map<UserId, Order::iterator> index_;
  std::atomic<std::size_t> cost_{0};
  std::uint64_t evictions_ = 0;
};

/// Ordinary values in shards, large ones in a ring of their own that may take half of the budget. What the
/// large ones do not use the shards may.
class MemoryCache final : public Cache {
 public:
  explicit MemoryCache(std::size_t bytes) : bytes_{bytes}, large_from_{bytes / 2 / kShards / kPartsOfShard} {}

  CachedHistoryPtr get(UserId user) noexcept override {
    auto value = shard(user).get(user);
    if (!value && large_.cost() > 0) value = large_.get(user);
    return value;
  }

  void put(const CachedHistoryPtr& value) noexcept override {
    const auto user = value->user();
    try {
      if (value->cost() <= large_from_) {
        if (large_.cost() > 0) large_.erase(user);
        shard(user).put(value, [this] { return shard_budget(); });
        return;
      }
      shard(user).erase(user);
      large_.put(value, [this] { return bytes_ / 2; });
      // A put that read the old budget did so under its shard's lock, before we take it.
      for (auto& each : shards_) each.trim([this] { return shard_budget(); });
    } catch (const std::bad_alloc&) {
      // Not kept; the next request reads the store. An older value is gone already.
    }
  }

  bool erase(std::span<const UserId> users) noexcept override {
    for (const auto user : users) {
      shard(user).erase(user);
      if (large_.cost() > 0) large_.erase(user);
    }
    return true;
  }

  bool usable() const noexcept override { return bytes_ >= kShards; }

  CacheFigures figures() const noexcept override {
    MemoryFigures figures;
    figures.budget = bytes_;
    for (const auto& shard : shards_) shard.add_to(figures);
    large_.add_to(figures);
    return {.memory = figures, .redis = {}};
  }

 private:
  Ring& shard(UserId user) noexcept { return shards_[std::hash<UserId>{}(user) % kShards]; }
  [[nodiscard]] std::size_t shard_budget() const noexcept { return (bytes_ - large_.cost()) / kShards; }

  const std::size_t bytes_;
  const std::size_t large_from_;
  std::array<Ring, kShards> shards_;
  Ring large_;
};

}  // namespace

std::unique_ptr<Cache> make_memory_cache(std::size_t bytes) { return std::make_unique<MemoryCache>(bytes); }

}  // namespace ratings
