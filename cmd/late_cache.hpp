#pragma once

#include "ratings/cache.hpp"

#include <atomic>
#include <memory>

namespace ratings::cmd {

/// A cache that may arrive after the server has started: Redis keys contain the store's id, and PostgreSQL
/// may be away when `serve` begins. Until arrive() it is a cache that holds nothing. Thread-safe.
class LateCache final : public Cache {
 public:
  /// Once only.
  void arrive(std::unique_ptr<Cache> cache) noexcept {
    owner_ = std::move(cache);
    cache_.store(owner_.get(), std::memory_order_release);
  }

  CachedHistoryPtr get(UserId user) noexcept override {
    auto* cache = arrived();
    return cache != nullptr ? cache->get(user) : nullptr;
  }
  void put(const CachedHistoryPtr& value) noexcept override {
    if (auto* cache = arrived()) cache->put(value);
  }
  bool erase(std::span<const UserId> users) noexcept override {
    auto* cache = arrived();
    return cache != nullptr && cache->erase(users);
  }
  [[nodiscard]] bool usable() const noexcept override {
    const auto* cache = arrived();
    return cache != nullptr && cache->usable();
  }
  [[nodiscard]] CacheFigures figures() const noexcept override {
    const auto* cache = arrived();
    return cache != nullptr ? cache->figures() : CacheFigures{.memory = {}, .redis = RedisFigures{}};
  }

 private:
  [[nodiscard]] Cache* arrived() const noexcept { return cache_.load(std::memory_order_acquire); }

  std::unique_ptr<Cache> owner_;
  std::atomic<Cache*> cache_ = nullptr;
};

}  // namespace ratings::cmd
