#pragma once

#include "cache/codec.hpp"
#include "redis/connection.hpp"
#include "redis/redis_cache.hpp"
#include "redis/slots.hpp"
#include "support/fake_clock.hpp"
#include "support/redis_cluster.hpp"
#include "support/unhurried.hpp"

#include <chrono>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace ratings::redis {

/// A value that tells whose it is.
inline CachedHistoryPtr history_of(std::int64_t user) {
  return std::make_shared<const CachedHistory>(
      UserId{user}, Tag{.own = 1, .read = {.position = 2, .salt = {}}}, "[" + std::to_string(user) + "]");
}

/// What a cache said of many users.
struct Tally {
  int right = 0;
  int missed = 0;
  int wrong = 0;
};

/// A cluster of a test's own and a cache on it.
struct ClusterRig {
  static constexpr auto kStoreId = "cluster";

  explicit ClusterRig(const std::string& password = "") : cluster{password} {}

  std::unique_ptr<RedisCache> make_cache(const std::string& url) {
    return std::make_unique<RedisCache>(
        RedisOptions{.url = url, .password = "", .store_id = kStoreId, .budget = test::kUnhurried}, clock);
  }
  Reply ask(int node, std::initializer_list<std::string_view> words) const {
    using namespace std::chrono_literals;
    Address address;
    address.host = "127.0.0.1";
    address.port = cluster.port(node);
    Connection connection{address, 1'000ms, 1'000ms};
    return connection.ask({words.begin(), words.size()}, std::chrono::steady_clock::now() + 2s);
  }
  void put(std::int64_t first, std::int64_t last) {
    for (auto user = first; user < last; ++user) cache->put(history_of(user));
  }
  /// Puts until all of them come back: on a machine that is busy with other tests a node may once be too
  /// slow.
  void fill(std::int64_t first, std::int64_t last) {
    const bool filled = within_20_s([&] {
      put(first, last);
      return get(first, last).right == last - first;
    });
    if (!filled) throw std::runtime_error{"the cluster does not take what it is given"};
  }
  Tally get(std::int64_t first, std::int64_t last) {
    Tally tally;
    for (auto user = first; user < last; ++user) {
      const auto found = cache->get(UserId{user});
      if (!found) {
        ++tally.missed;
      } else if (found->body() == history_of(user)->body()) {
        ++tally.right;
      } else {
        ++tally.wrong;
      }
    }
    return tally;
  }
  /// Node that holds a user's slot, by its number; 0: none of ours.
  [[nodiscard]] int holder(std::int64_t user) const {
    const auto slot = slot_of(codec::key(kStoreId, UserId{user}));
    const auto slots = ask(1, {"CLUSTER", "SLOTS"});
    for (const auto& range : slots.elements) {
      if (slot < range.elements[0].integer || slot > range.elements[1].integer) continue;
      for (int node = 1; node <= test::RedisCluster::kNodes; ++node)
        if (range.elements[2].elements[1].integer == cluster.port(node)) return node;
    }
    return 0;
  }
  /// Polls for what other processes have to do first. Time moves for the cache, too.
  bool within_20_s(auto condition) {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(20ms);
      clock.advance(1s);
    }
    return true;
  }
  [[nodiscard]] RedisFigures figures() const { return cache->figures().redis.value(); }

  test::RedisCluster cluster;
  test::FakeClock clock;
  std::unique_ptr<RedisCache> cache = make_cache(cluster.url());
};

}  // namespace ratings::redis
