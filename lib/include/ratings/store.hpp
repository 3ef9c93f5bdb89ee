#pragma once

#include "ratings/clock.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/model.hpp"
#include "ratings/position.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace ratings {

/// Where the ratings are and how to log in.
struct StoreOptions {
  std::string url;              ///< postgresql://…, a libpq keyword string, or sqlite:PATH
  std::string password;         ///< from a password file; empty: whatever the URL and libpq's own means give
  std::string command;          ///< sub-command, for application_name and for naming the holder of a lock
  std::size_t connections = 8;  ///< upper bound of the reader's pool
  bool current = false;         ///< a standby, whose rows may be old, will not do, unless the URL says so
  bool patient = false;  ///< a person waits, and for locks, too: no limit but the deadline of each call
};

/// One user's ratings, oldest first (older()), with the tag of their snapshot.
struct History {
  UserId user;
  Tag tag;
  std::vector<Rating> ratings;  ///< empty for an unknown user
};

/// Reads histories. Thread-safe. Throws Error{unreachable|busy|store}.
class RATINGS_EXPORT HistoryReader {
 public:
  virtual ~HistoryReader() = default;
  /// Gives up with Error{busy} at `deadline` (boot clock), also while it waits for a connection.
  virtual History history(UserId user, Instant deadline) = 0;
  /// All of them from one snapshot, in the order asked for; repeated ids are answered repeatedly.
  virtual std::vector<History> histories(std::span<const UserId> users, Instant deadline) = 0;
  /// For work that no request waits for: nullopt, and nothing read, while that could make a request wait.
  virtual std::optional<History> spare_history(UserId user, Instant deadline) {
    return history(user, deadline);
  }
  /// nullopt: it has no pool of connections.
  [[nodiscard]] virtual std::optional<PoolFigures> figures() const { return std::nullopt; }
};

/// A named fact about the store's fitness, for /ready and `status`.
struct Check {
  std::string name;  ///< store, schema, triggers, primary, replication
  bool ok = false;
  bool blocks_cache = false;  ///< when not ok: answers must not come from a cache
  std::string detail;         ///< for people; no secrets
};

/// Reads positions, from the primary: a standby's changes_since() says so, its standing() is refused. Not
/// thread-safe: one caller, one connection, kept. Throws Error{unreachable|busy|store}; the next call
/// reconnects.
class RATINGS_EXPORT PositionReader {
 public:
  virtual ~PositionReader() = default;
  /// One statement, one snapshot. Without `last`: the state alone. What it takes to connect first, up to a
  /// second, is not counted.
  virtual Changes changes_since(const std::optional<ReadPoint>& last, Instant deadline) = 0;
  virtual Standing standing(UserId user, const ReadPoint& read, Instant deadline) = 0;
  /// Schema, triggers, recovery, logical subscription.
  virtual std::vector<Check> checks(Instant deadline) = 0;
  /// It reads a file of this machine: a question takes microseconds, and there is no network to wait for.
  [[nodiscard]] virtual bool local() const noexcept { return false; }
};

/// Hints that ratings have changed, so that a validator need not sleep until its next round. Only to wake it
/// up: a hint may be lost, late or for nothing, and nothing that must be right depends on one. Not
/// thread-safe. Never throws: a store that gives no hints lets its caller sleep.
class RATINGS_EXPORT ChangeHints {
 public:
  virtual ~ChangeHints() = default;
  /// True when a hint came; false after `pause`, or as soon as `stop` is requested.
  virtual bool wait(std::chrono::nanoseconds pause, const std::stop_token& stop) noexcept = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options);
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<PositionReader> open_position_reader(
    const StoreOptions& options);

/// Null for sqlite:PATH, where every request checks. Does not connect before the first wait().
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<ChangeHints> open_change_hints(const StoreOptions& options);

/// True for sqlite:PATH; Error{usage} when `url` is neither SQLite nor PostgreSQL.
[[nodiscard]] RATINGS_EXPORT bool is_embedded(const std::string& url);
/// `url` without its password, fit for a log line.
[[nodiscard]] RATINGS_EXPORT std::string redacted(const std::string& url);

}  // namespace ratings
