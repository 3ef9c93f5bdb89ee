#pragma once

#include "cache/codec.hpp"
#include "simulator/dice.hpp"
#include "simulator/fibers.hpp"

#include <functional>
#include <map>
#include <string>

namespace ratings::simulator {

/// The Redis that all servers share: bytes by user. It forgets, returns to what it once held, and goes away.
class SharedRedis {
 public:
  using Content = std::map<UserId, std::string>;

  Content content;
  bool away = false;
};

/// One server's way to it. Commands take time, arrive late, get lost; replies are damaged, or belong to
/// another question, which is what a connection brings that was used again after a time-out.
class RedisClient final : public Cache {
 public:
  RedisClient(SharedRedis& redis, Dice& dice, std::function<void()> travel)
      : redis_{redis}, dice_{dice}, travel_{std::move(travel)} {}

  CachedHistoryPtr get(UserId user) noexcept override {
    travel_();
    if (redis_.away) return nullptr;
    const auto bytes = reply(user);
    travel_();
    return bytes.empty() ? nullptr : codec::decode(user, bytes);
  }
  void put(const CachedHistoryPtr& value) noexcept override {
    travel_();
    if (!redis_.away && !dice_.one_in(30)) redis_.content[value->user()] = codec::encode(*value);
  }
  bool erase(std::span<const UserId> users) noexcept override {
    travel_();
    if (redis_.away) return false;
    for (const auto user : users) redis_.content.erase(user);
    return true;
  }
  [[nodiscard]] bool usable() const noexcept override { return !redis_.away; }

 private:
  std::string reply(UserId user) {
    const auto& content = redis_.content;
    if (content.empty()) return {};
    const auto found = content.find(user);
    auto bytes = found == content.end() ? std::string{} : found->second;
    if (dice_.one_in(20)) bytes = std::next(content.begin(), dice_.below(std::ssize(content)))->second;
    if (!bytes.empty() && dice_.one_in(40)) {
      auto& byte = bytes[static_cast<std::size_t>(dice_.below(std::ssize(bytes)))];
      byte = static_cast<char>(byte ^ 1 << dice_.below(7));
    }
    return bytes;
  }

  SharedRedis& redis_;
  Dice& dice_;
  std::function<void()> travel_;
};

}  // namespace ratings::simulator
