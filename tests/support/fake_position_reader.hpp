#pragma once

#include "ratings/error.hpp"
#include "ratings/store.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace ratings::test {

/// Who has ratings in most tests.
inline constexpr UserId kAnn{1};
inline constexpr UserId kBob{2};

/// A store in memory with positions, salts and one number a user: the "version", shown as the time of the
/// user's only rating; 0 = no rows. Thread-safe.
class FakeStore {
 public:
  /// What a backup holds, and what a restore brings back.
  struct Content {
    std::int64_t position = 0;
    std::int64_t floor = 0;
    std::vector<ReadPoint> history;
    std::map<UserId, std::int64_t> own;
    std::map<UserId, std::int64_t> version;
  };

  FakeStore() { content_.history.push_back({.position = 0, .salt = next_salt()}); }

  void write(UserId user, std::int64_t version) {
    const std::scoped_lock lock{mutex_};
    step();
    content_.version[user] = version;
    content_.own[user] = content_.position;
  }
  void write_all(const std::vector<UserId>& users, std::int64_t version) {
    const std::scoped_lock lock{mutex_};
    step();
    for (const auto user : users) content_.version[user] = version;
    content_.floor = content_.position;
    content_.own.clear();
  }
  [[nodiscard]] Content backup() const {
    const std::scoped_lock lock{mutex_};
    return content_;
  }
  void restore(const Content& content) {
    const std::scoped_lock lock{mutex_};
    content_ = content;
  }
  [[nodiscard]] std::int64_t version(UserId user) const {
    const std::scoped_lock lock{mutex_};
    return find(content_.version, user);
  }
  [[nodiscard]] ReadPoint now() const {
    const std::scoped_lock lock{mutex_};
    return content_.history.back();
  }
  [[nodiscard]] Tag tag(UserId user) const {
    const std::scoped_lock lock{mutex_};
    return {.own = own(user), .read = content_.history.back()};
  }
  [[nodiscard]] History read(UserId user) const {
    const std::scoped_lock lock{mutex_};
    History history{.user = user, .tag = {.own = own(user), .read = content_.history.back()}, .ratings = {}};
    if (const auto version = find(content_.version, user); version != 0) {
      history.ratings.push_back({.user = user, .movie = {1}, .score = 4, .timestamp = version});
    }
    return history;
  }
  [[nodiscard]] Changes changes_since(const std::optional<ReadPoint>& last) const {
    const std::scoped_lock lock{mutex_};
    Changes changes;
    changes.state = {
        .now = content_.history.back(), .floor = content_.floor, .delta = delta, .store_id = "fake"};
    if (!last) return changes;
    changes.known_point = known(*last);
    for (const auto& [user, position] : content_.own) {
      if (position > last->position) changes.moved.emplace_back(user, position);
    }
    changes.overflow = changes.moved.size() > users_listed;
    if (changes.overflow) changes.moved.clear();
    for (const auto& point : content_.history) {
      if (point.position > last->position) changes.history.push_back(point);
    }
    while (changes.history.size() > points_listed) changes.history.erase(changes.history.begin());
    return changes;
  }
  [[nodiscard]] Standing standing(UserId user, const ReadPoint& read) const {
    const std::scoped_lock lock{mutex_};
    return {.known_point = known(read), .own = own(user), .now = content_.history.back()};
  }

  std::chrono::milliseconds delta{1000};
  std::size_t users_listed = 10'000;
  std::size_t points_listed = 1'000;
  std::atomic<bool> away{false};

 private:
  static std::int64_t find(const std::map<UserId, std::int64_t>& map, UserId user) {
    const auto found = map.find(user);
    return found == map.end() ? 0 : found->second;
  }
  [[nodiscard]] std::int64_t own(UserId user) const {
    return std::max(content_.floor, find(content_.own, user));
  }
  [[nodiscard]] bool known(const ReadPoint& point) const {
    return std::ranges::find(content_.history, point) != content_.history.end();
  }
  void step() { content_.history.push_back({.position = ++content_.position, .salt = next_salt()}); }
  /// Never the same twice, also after a restore.
  Salt next_salt() {
    Salt salt;
    ++salts_;
    for (std::size_t i = 0; i < 8; ++i) salt.bytes[i] = static_cast<std::uint8_t>(salts_ >> (8 * i));
    return salt;
  }

  mutable std::mutex mutex_;
  Content content_;
  std::uint64_t salts_ = 0;
};

/// Asks a FakeStore. What happens on the way can be told: `before` runs between sending and the snapshot,
/// `after` between the snapshot and the reply.
class FakePositionReader final : public PositionReader {
 public:
  struct Wire {
    std::function<void()> before = [] {};
    std::function<void()> after = [] {};
    std::atomic<int> questions{0};
    std::atomic<int> look_ups{0};
    bool recovery = false;  ///< a standby answers
    bool no_schema = false;
    std::vector<Check> checks{{.name = "store", .ok = true, .blocks_cache = true, .detail = ""}};
  };

  FakePositionReader(FakeStore& store, Wire& wire) : store_{store}, wire_{wire} {}

  Changes changes_since(const std::optional<ReadPoint>& last, Instant) override {
    ++wire_.questions;
    wire_.before();
    refuse_when_away();
    if (wire_.no_schema) throw Error{Kind::store, "asking the fake store: it has no schema"};
    auto changes = store_.changes_since(last);
    changes.recovery = wire_.recovery;
    wire_.after();
    return changes;
  }
  Standing standing(UserId user, const ReadPoint& read, Instant) override {
    ++wire_.look_ups;
    wire_.before();
    refuse_when_away();
    const auto standing = store_.standing(user, read);
    wire_.after();
    return standing;
  }
  std::vector<Check> checks(Instant) override {
    refuse_when_away();
    return wire_.checks;
  }

 private:
  void refuse_when_away() const {
    if (store_.away) throw Error{Kind::unreachable, "asking the fake store: it is away"};
  }

  FakeStore& store_;
  Wire& wire_;
};

}  // namespace ratings::test
