#include "ratings/cache.hpp"

#include <array>
#include <list>
#include <mutex>
#include <unordered_map>

namespace ratings {
namespace {

/// Enough that threads seldom meet at one lock; a shard stays large enough for the largest histories.
constexpr std::size_t kShards = 16;

/// Least recently used first out, by cost.
class Shard {
 public:
  CachedHistoryPtr get(UserId user) {
    const std::scoped_lock lock{mutex_};
    const auto found = index_.find(user);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return *found->second;
  }

  void put(const CachedHistoryPtr& value, std::size_t budget) {
    Order dropped;  // freed after the lock: a large history takes a while
    const std::scoped_lock lock{mutex_};
    take_out(value->user(), dropped);
    if (value->cost() > budget) return;
    while (cost_ + value->cost() > budget) take_out(order_.back()->user(), dropped);
    order_.push_front(value);
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

 private:
  using Order = std::list<CachedHistoryPtr>;

  void take_out(UserId user, Order& dropped) {
    const auto found = index_.find(user);
    if (found == index_.end()) return;
    cost_ -= (*found->second)->cost();
    dropped.splice(dropped.end(), order_, found->second);
    index_.erase(found);
  }

  std::mutex mutex_;
  Order order_;  ///< newest first
  std::unordered_map<UserId, Order::iterator> index_;
  std::size_t cost_ = 0;
};

class MemoryCache final : public Cache {
 public:
  explicit MemoryCache(std::size_t bytes) : shard_budget_{bytes / kShards} {}

  CachedHistoryPtr get(UserId user) noexcept override { return shard(user).get(user); }

  void put(const CachedHistoryPtr& value) noexcept override {
    try {
      shard(value->user()).put(value, shard_budget_);
    } catch (const std::bad_alloc&) {
      // Not kept; the next request reads the store. An older value is gone already.
    }
  }

  bool erase(std::span<const UserId> users) noexcept override {
    for (const auto user : users) shard(user).erase(user);
    return true;
  }

  bool usable() const noexcept override { return shard_budget_ > 0; }

 private:
  Shard& shard(UserId user) noexcept { return shards_[std::hash<UserId>{}(user) % kShards]; }

  const std::size_t shard_budget_;
  std::array<Shard, kShards> shards_;
};

}  // namespace

std::unique_ptr<Cache> make_memory_cache(std::size_t bytes) { return std::make_unique<MemoryCache>(bytes); }

}  // namespace ratings
