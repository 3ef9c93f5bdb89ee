#pragma once

#include "ratings/coherence.hpp"
#include "ratings/error.hpp"
#include "ratings/store.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace ratings::test {

/// Histories in memory. Counts the reads; `before_read` may block or throw. Thread-safe.
class FakeStore final : public HistoryReader {
 public:
  void put(UserId user, std::vector<Rating> ratings) {
    const std::lock_guard lock{mutex_};
    for (auto& rating : ratings) rating.user = user;
    std::sort(ratings.begin(), ratings.end(), older);
    histories_[user] = std::move(ratings);
  }

  History history(UserId user, Instant) override {
    ++reads;
    if (before_read) before_read();
    const std::lock_guard lock{mutex_};
    const auto found = histories_.find(user);
    return {.user = user,
            .tag = Tag{.own = 1, .read = ReadPoint{.position = 1, .salt = {}}},
            .ratings = found == histories_.end() ? std::vector<Rating>{} : found->second};
  }

  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
    std::vector<History> all;
    for (const auto user : users) all.push_back(history(user, deadline));
    return all;
  }

  std::atomic<int> reads{0};
  std::function<void()> before_read;

 private:
  std::mutex mutex_;
  std::map<UserId, std::vector<Rating>> histories_;
};

/// Says what it is told to say. Thread-safe: a test may change its mind while a server asks.
class FakeCoherence final : public Coherence {
 public:
  bool usable(UserId, const Tag&, Instant) noexcept override { return trust; }
  bool usable_at_once(UserId, const Tag&, Instant) noexcept override { return trust && at_once; }
  bool trusted(Instant) noexcept override { return trust; }
  std::vector<Check> checks() const override {
    const std::lock_guard lock{mutex_};
    return found_;
  }

  /// From now on checks() answers this.
  void say(std::vector<Check> found) {
    const std::lock_guard lock{mutex_};
    found_ = std::move(found);
  }

  std::atomic<bool> trust{true};
  std::atomic<bool> at_once{true};

 private:
  mutable std::mutex mutex_;
  std::vector<Check> found_{{.name = "store", .ok = true, .blocks_cache = false, .detail = "reachable"},
                            {.name = "schema", .ok = true, .blocks_cache = false, .detail = "version 1"},
                            {.name = "triggers", .ok = true, .blocks_cache = true, .detail = "in place"}};
};

}  // namespace ratings::test
