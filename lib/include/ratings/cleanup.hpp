#pragma once

#include "ratings/export.hpp"
#include "ratings/model.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// What happened to one user in a clean-up.
enum class UserStatus {
  purged,            ///< purge-user: user excluded, rows taken (none when all are in quarantine already)
  already_excluded,  ///< purge-user: nothing left to take, an earlier batch (--hard: a hard one) excludes the
                     ///< user
  unknown,           ///< purge-user: no row, none in quarantine, no exclusion; left alone
  restored,          ///< undo: rows given back
  still_excluded,    ///< undo: another batch excludes the user; the rows stay in quarantine
  erased,  ///< purge-user --hard: rows and quarantine gone for good; undo: nothing left to give back
};
[[nodiscard]] RATINGS_EXPORT const char* to_string(UserStatus status) noexcept;

struct UserOutcome {
  UserId user;
  std::uint64_t rows = 0;
  UserStatus status = UserStatus::purged;
};

/// What every changing command reports. Without a batch nothing was changed (or it was a dry run);
/// `committed` and `wait` count then too, because what was found may be another command's change of a moment
/// ago.
struct CleanUpResult {
  std::optional<std::string> batch;  ///< [A-Za-z0-9-]+
  std::uint64_t rows = 0;
  std::vector<UserOutcome> users;    ///< in the order asked for, each once
  std::uint64_t user_count = 0;      ///< distinct users touched
  Instant committed{};               ///< when COMMIT was answered, or nothing was found to do
  std::chrono::milliseconds wait{};  ///< how long until no server can answer from before
  /// Of a hard purge: what was erased, now or by an earlier one, is still in a SQLite store's file or its
  /// write-ahead log, because somebody reads an older state. Asking again when they are done removes it.
  bool traces_left = false;
};

struct PurgeRequest {
  std::vector<UserId> users;
  std::string reason;
  bool hard = false;
  bool dry_run = false;
  std::optional<std::uint64_t> max_rows;  ///< Error{guard} beyond it
};

struct UndoRequest {
  std::string batch;
  bool lift_only =
      false;  ///< of a superseded batch: lift the exclusion, give back what later loads held back
  bool dry_run = false;
};

struct UndoResult : CleanUpResult {
  bool known = true;            ///< false: no batch of that name
  bool already_undone = false;  ///< nothing to do any more
  bool pruned = false;          ///< what the batch had taken is erased; what loads held back since is not
};

/// Records alike in user, movie and time that differ in score: reported, never touched.
struct Conflict {
  UserId user;
  MovieId movie;
  std::int64_t timestamp = 0;
  std::uint64_t records = 0;
};

struct DedupeRequest {
  std::vector<UserId> users;  ///< empty: everybody
  bool dry_run = false;
};

struct DedupeResult : CleanUpResult {
  std::uint64_t groups = 0;  ///< records that had doubles
  std::uint64_t conflict_count = 0;
  std::vector<Conflict> conflicts;  ///< the first 1,000, by user, movie, time
};

struct BatchInfo {
  std::string batch;
  std::string kind;  ///< purge, hard-purge, dedupe
  std::string at;    ///< YYYY-MM-DD HH:MM:SS UTC
  std::string who;
  std::string reason;
  std::uint64_t users = 0;
  std::uint64_t rows = 0;  ///< taken by the batch
  std::uint64_t held = 0;  ///< in quarantine now, rows that loads held back included
  std::string state;       ///< active, undone, partly-undone, lifted, superseded, erased, pruned
};

/// The operator's changes; each call is one transaction. Waits up to 30 s for another changing command, then
/// throws Error{guard} naming it. Error{unreachable} when COMMIT's outcome stays unknown. Not thread-safe,
/// except cancel().
///
/// Equality is of multisets of records. undo gives back exactly what its batch took and what loads held back
/// under it, and lifts its own exclusion first; users whom another batch still excludes keep their rows in
/// quarantine, and a later undo of the same batch gives them back. A batch of an older generation is
/// superseded: Error{guard}, unless lift_only.
///
/// A dry run changes nothing, and waits for others only as undo on PostgreSQL. Nothing here creates a schema:
/// Error{unreachable} where there is none; an older one is upgraded by a change, and is Error{guard} for what
/// only reads.
class RATINGS_EXPORT CleanUp {
 public:
  virtual ~CleanUp() = default;
  virtual CleanUpResult purge(const PurgeRequest& request) = 0;
  virtual UndoResult undo(const UndoRequest& request) = 0;
  virtual DedupeResult dedupe(const DedupeRequest& request) = 0;
  /// Newest first.
  virtual std::vector<BatchInfo> batches() = 0;
  /// From any thread: the call in progress ends with Error{interrupted}.
  virtual void cancel() noexcept = 0;
};

struct PruneRequest {
  std::chrono::seconds older_than{};  ///< age of a batch, not of its rows
  bool dry_run = false;
};

struct PruneResult {
  struct Batch {
    std::string batch;
    std::uint64_t rows = 0;
  };
  std::vector<Batch> batches;  ///< those that held something, oldest first
  std::uint64_t rows = 0;
  bool traces_left = false;  ///< as in CleanUpResult
};

/// Erases for good what old batches hold in quarantine, what loads held back under them included. Their users
/// stay excluded; undoing such a batch lifts the exclusion and gives back what loads held back since. Each
/// call is one transaction, under CleanUp's lock and with its errors. Not thread-safe, except cancel().
class RATINGS_EXPORT Pruner {
 public:
  virtual ~Pruner() = default;
  virtual PruneResult prune(const PruneRequest& request) = 0;
  /// From any thread: the call in progress ends with Error{interrupted}.
  virtual void cancel() noexcept = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<Pruner> open_pruner(const StoreOptions& options);
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options);

}  // namespace ratings
