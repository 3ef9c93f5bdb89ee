#include "sqlite/position.hpp"

#include "ratings/error.hpp"

#include <algorithm>

namespace ratings::sqlite {
namespace {

// As in sql/postgres/changes.sql: beyond them "all have moved" is cheaper for everybody.
constexpr std::size_t kUsersListed = 10'000;

constexpr const char* kState =
    "SELECT pos, salt, floor, delta_ms, generation, store_id FROM ratingsctl_position";
constexpr const char* kOwn = "SELECT pos FROM ratingsctl_user_position WHERE user_id = ?1";
constexpr const char* kKnown = "SELECT 1 FROM ratingsctl_salt_history WHERE pos = ?1 AND salt = ?2";
constexpr const char* kMoved = "SELECT user_id, pos FROM ratingsctl_user_position WHERE pos > ?1 LIMIT 10001";
constexpr const char* kPassed =
    "SELECT pos, salt FROM ratingsctl_salt_history WHERE pos > ?1 ORDER BY pos DESC LIMIT 1000";

}  // namespace

PositionTables::PositionTables(Database& database)
    : state_{database, kState},
      own_{database, kOwn},
      known_{database, kKnown},
      moved_{database, kMoved},
      passed_{database, kPassed} {}

PositionState PositionTables::state() {
  state_.reset();
  if (!state_.step())
    throw Error{Kind::store, "the position row is missing; restore the store from a backup"};
  PositionState found{.now = {.position = state_.integer(0), .salt = state_.salt(1)},
                      .floor = state_.integer(2),
                      .delta = std::chrono::milliseconds{state_.integer(3)},
                      .generation = state_.integer(4),
                      .store_id = state_.text(5)};
  state_.reset();
  return found;
}

std::int64_t PositionTables::own(UserId user, std::int64_t floor) {
  own_.bind(user);
  const auto position = own_.step() ? own_.integer(0) : 0;
  own_.reset();
  return std::max(position, floor);
}

bool PositionTables::is_history(const ReadPoint& point) {
  known_.bind(point.position, std::span<const std::uint8_t>{point.salt.bytes});
  const bool known = known_.step();
  known_.reset();
  return known;
}

void PositionTables::add_changes(Changes& changes, const ReadPoint& last) {
  moved_.bind(last.position);
  while (moved_.step()) changes.moved.emplace_back(UserId{moved_.integer(0)}, moved_.integer(1));
  if (changes.moved.size() > kUsersListed) {
    changes.moved.clear();
    changes.overflow = true;
  }
  passed_.bind(last.position);
  while (passed_.step()) changes.history.push_back({.position = passed_.integer(0), .salt = passed_.salt(1)});
  std::reverse(changes.history.begin(), changes.history.end());
}

}  // namespace ratings::sqlite
