#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace ratings::model {

/// Ways to keep a cache in step with the store that were considered. One user: version 0 has rows, version 1
/// is purged. Redis may be unreachable, or restart with any content it ever had, at any time; messages may be
/// lost. The lie: a request that arrives after the purge has returned is answered with version 0.
struct Candidate {
  enum class Way {
    erase_after_commit,
    erase_twice,          ///< before and after
    generation_in_redis,  ///< part of the key
    tombstone_in_redis,   ///< a write is refused if Redis knows a newer version
    compare_each_hit,     ///< with the store
    lease,                ///< compare at most Δ ago; the purge waits out Δ
  };

  Way way;
  bool memory = true;  ///< servers have a cache of their own before Redis
  int servers = 2;
  bool purge_waits = true;                   ///< lease
  bool stamped_before = true;                ///< lease: a check's age counts from before its question is sent
  static constexpr std::uint8_t kDelta = 2;  // ticks
  static constexpr std::uint8_t kEnd = 6;    // ticks: room for a check, a purge, its wait and a request

  static constexpr std::uint8_t kNone = 255;
  enum Step : std::uint8_t { idle, ask_memory, ask_redis, compare, read, fill_redis, answer };
  enum Check : std::uint8_t { none, sent, saw_rows, saw_none };
  struct Server {
    std::uint8_t step = idle;
    std::uint8_t late = 0;  ///< the request arrived after the purge had returned
    std::uint8_t candidate = kNone;
    std::uint8_t value = kNone;
    std::uint8_t memory = kNone;
    std::uint8_t check = none;
    std::uint8_t check_sent = kNone;
    std::uint8_t checked_at = kNone;
    std::uint8_t checked_version = kNone;
    friend bool operator==(const Server&, const Server&) = default;
  };
  enum PurgeStep : std::uint8_t { start, before, commit, invalidate, publish, report, done };
  struct State {
    std::uint8_t store = 0;
    std::uint8_t reachable = 1;
    std::uint8_t redis = kNone;
    std::uint8_t generation = 0;
    std::uint8_t ever = 0;  ///< bit v: Redis once held version v
    std::uint8_t purge = start;
    std::uint8_t returned = 0;
    std::uint8_t time = 0;
    std::uint8_t committed_at = kNone;
    std::array<Server, 2> server{};
    friend bool operator==(const State&, const State&) = default;
  };

  [[nodiscard]] static State initial() { return {}; }

  template <class To>
  std::optional<std::string> steps(const State& now, To&& to) const {
    world(now, to);
    purge(now, to);
    for (int i = 0; i < servers; ++i) {
      if (way == Way::lease) validate(now, i, to);
      if (auto lie = serve(now, i, to)) return lie;
    }
    return std::nullopt;
  }

 private:
  static std::string name(int server, const std::string& what) {
    return "server " + std::to_string(server) + ": " + what;
  }
  static std::string text(std::uint8_t version) {
    return version == kNone ? "nothing" : version == 0 ? "rows" : "purged";
  }
  [[nodiscard]] bool relies_on_messages() const { return way != Way::compare_each_hit && way != Way::lease; }

  template <class To>
  void world(const State& now, To&& to) const {
    if (way == Way::lease && now.time < kEnd) {
      auto next = now;
      ++next.time;
      to(next, "a tick");
    }
    auto cut = now;
    cut.reachable = now.reachable ^ 1U;
    to(cut, cut.reachable ? "Redis can be reached again" : "Redis is cut off");
    for (const std::uint8_t content : {std::uint8_t{0}, std::uint8_t{1}, kNone}) {
      if (content == now.redis || (content != kNone && (now.ever >> content & 1U) == 0)) continue;
      auto restarted = now;
      restarted.redis = content;
      restarted.generation = 0;
      to(restarted, "Redis restarts with " + text(content));
    }
  }

  template <class To>
  void purge(const State& now, To&& to) const {
    auto next = now;
    next.purge = static_cast<std::uint8_t>(now.purge + 1);
    switch (now.purge) {
      case start:
        return to(next, "purge: begins");
      case before:
        if (way == Way::erase_twice && now.reachable) next.redis = kNone;
        return to(next, "purge: erases the copy, if it may");
      case commit:
        next.store = 1;
        next.committed_at = now.time;
        return to(next, "purge: COMMIT");
      case invalidate:
        if (now.reachable) {
          if (way == Way::erase_after_commit || way == Way::erase_twice) next.redis = kNone;
          if (way == Way::generation_in_redis) ++next.generation;
          if (way == Way::tombstone_in_redis) next.redis = 1;
        }
        return to(next, now.reachable ? "purge: tells Redis" : "purge: cannot reach Redis");
      case publish:
        return tell_servers(next, to);
      case report:
        if (way == Way::erase_twice && now.reachable) next.redis = kNone;
        if (way == Way::lease && purge_waits && now.time - now.committed_at <= kDelta) return;
        next.returned = 1;
        return to(next, "purge: returns");
      default:
        return;
    }
  }

  /// Each message may be lost.
  template <class To>
  void tell_servers(const State& next, To&& to) const {
    if (!relies_on_messages() || !memory) return to(next, "purge: -");
    for (unsigned delivered = 0; delivered < 4; ++delivered) {
      auto told = next;
      for (unsigned i = 0; i < 2; ++i) {
        if ((delivered >> i & 1U) != 0) told.server.at(i).memory = kNone;
      }
      to(told, "purge: publishes; received by servers, as bits: " + std::to_string(delivered));
    }
  }

  template <class To>
  void validate(const State& now, int i, To&& to) const {
    auto next = now;
    auto& server = next.server.at(static_cast<std::size_t>(i));
    switch (server.check) {
      case none:
        server.check = sent;
        server.check_sent = now.time;
        return to(next, name(i, "check: sends its question"));
      case sent:
        server.check = now.store == 0 ? saw_rows : saw_none;
        return to(next, name(i, "check: the store says " + text(now.store)));
      default:
        server.checked_at = stamped_before ? server.check_sent : now.time;
        server.checked_version = server.check == saw_rows ? 0 : 1;
        server.check = none;
        server.check_sent = kNone;
        return to(next, name(i, "check: has its answer"));
    }
  }

  [[nodiscard]] static bool leased(const Server& server, std::uint8_t version, std::uint8_t time) {
    return version != kNone && server.checked_at != kNone && time - server.checked_at <= kDelta &&
           version == server.checked_version;
  }

  template <class To>
  std::optional<std::string> serve(const State& now, int i, To&& to) const {
    auto next = now;
    auto& server = next.server.at(static_cast<std::size_t>(i));
    const auto go = [&](Step step, const std::string& what) {
      server.step = step;
      to(next, name(i, what));
    };
    const auto reply = [&](std::uint8_t version, const std::string& from) -> std::optional<std::string> {
      if (server.late != 0 && version == 0)
        return name(i, "answers with rows from " + from + " after the purge returned");
      server.candidate = server.value = kNone;
      go(idle, "answers " + text(version) + " from " + from);
      return std::nullopt;
    };
    switch (server.step) {
      case idle:
        server.late = now.returned;
        go(ask_memory, "a request arrives");
        return std::nullopt;
      case ask_memory:
        if (!memory || server.memory == kNone) return go(ask_redis, "has nothing in memory"), std::nullopt;
        if (way == Way::compare_each_hit) {
          server.candidate = server.memory;
          return go(compare, "has " + text(server.memory) + " in memory"), std::nullopt;
        }
        if (way == Way::lease && !leased(server, server.memory, now.time))
          return go(ask_redis, "may not use its memory"), std::nullopt;
        return reply(server.memory, "memory");
      case ask_redis: {
        auto found = now.reachable ? now.redis : kNone;
        if (way == Way::generation_in_redis && found != now.generation) found = kNone;
        if (found == kNone) return go(read, "Redis has nothing"), std::nullopt;
        if (way == Way::compare_each_hit) {
          server.candidate = found;
          return go(compare, "Redis has " + text(found)), std::nullopt;
        }
        if (way == Way::lease && !leased(server, found, now.time))
          return go(read, "may not use what Redis has"), std::nullopt;
        if (memory) server.memory = found;
        return reply(found, "Redis");
      }
      case compare: {
        const auto candidate = server.candidate;
        if (candidate != now.store) {
          server.candidate = server.memory = kNone;
          return go(read, "the store has another version"), std::nullopt;
        }
        if (memory) server.memory = candidate;
        return reply(candidate, "a cache, as compared");
      }
      case read:
        server.value = now.store;
        go(fill_redis, "reads " + text(now.store) + " from the store");
        return std::nullopt;
      case fill_redis: {
        const auto value = server.value;
        const bool refused = way == Way::tombstone_in_redis && now.redis != kNone && now.redis > value;
        const bool other_key = way == Way::generation_in_redis && value != now.generation;
        if (now.reachable && !refused && !other_key) {
          next.redis = value;
          next.ever = static_cast<std::uint8_t>(next.ever | 1U << value);
        }
        go(answer, "puts " + text(value) + " into Redis, if it may");
        return std::nullopt;
      }
      default:
        if (memory) server.memory = server.value;
        return reply(server.value, "the store");
    }
  }
};

}  // namespace ratings::model
