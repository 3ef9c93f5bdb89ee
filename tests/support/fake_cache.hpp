#pragma once

#include "ratings/cache.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

namespace ratings::test {

/// A cache that keeps everything, can be broken, and can be set back to an earlier content. Thread-safe.
class FakeCache final : public Cache {
 public:
  using Content = std::map<UserId, CachedHistoryPtr>;

  CachedHistoryPtr get(UserId user) noexcept override {
    auto value = look_up(user);
    if (after_get) after_get();
    return value;
  }
  void put(const CachedHistoryPtr& value) noexcept override {
    const std::scoped_lock lock{mutex_};
    ++puts;
    if (!broken) content_[value->user()] = value;
  }
  bool erase(std::span<const UserId> users) noexcept override {
    const std::scoped_lock lock{mutex_};
    for (const auto user : users) content_.erase(user);
    return !broken;
  }
  [[nodiscard]] bool usable() const noexcept override { return !broken; }

  [[nodiscard]] Content content() const {
    const std::scoped_lock lock{mutex_};
    return content_;
  }
  void set_back(Content content) {
    const std::scoped_lock lock{mutex_};
    content_ = std::move(content);
  }
  [[nodiscard]] bool contains(UserId user) const { return content().contains(user); }

  std::function<void()> after_get;  ///< runs between the look and the reply
  std::atomic<bool> broken{false};
  std::atomic<int> gets{0};
  std::atomic<int> puts{0};

 private:
  CachedHistoryPtr look_up(UserId user) {
    const std::scoped_lock lock{mutex_};
    ++gets;
    const auto found = content_.find(user);
    return broken || found == content_.end() ? nullptr : found->second;
  }

  mutable std::mutex mutex_;
  Content content_;
};

}  // namespace ratings::test
