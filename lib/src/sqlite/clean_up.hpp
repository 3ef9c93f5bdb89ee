#pragma once

#include "sqlite/change.hpp"

#include "ratings/cleanup.hpp"

#include <cstdint>
#include <string>

namespace ratings::sqlite {

// Erased rows must not be found in the file's free pages.
inline constexpr const char* kOverwrite = "PRAGMA secure_delete = ON";

/// What rehearsals and lists are read from: one committed state of a store whose schema is up to date. Holds
/// nobody up and waits for no other command.
class Reading {
 public:
  /// Error{unreachable} or Error{guard}: see require_schema().
  Reading(const Target& target, const std::atomic<bool>& cancelled);

  [[nodiscard]] Database& database() noexcept { return database_; }

 private:
  Database database_;
  Snapshot snapshot_;
};

/// A batch being made or found.
struct Batch {
  std::int64_t seq = 0;
  std::string name;
  std::string reason;  ///< of one being made
};

[[nodiscard]] Batch make_batch(Change& change, const std::string& kind, const std::string& reason);
/// The figures of a batch that is complete.
void close_batch(Change& change, const Batch& batch, const CleanUpResult& result);
/// Audit line with the batch's reason, and COMMIT; adds batch, committed and wait to `result`.
void finish(Change& change, const Batch& batch, CleanUpResult& result);

[[nodiscard]] CleanUpResult purge(Change& change, const PurgeRequest& request);
[[nodiscard]] UndoResult undo(Change& change, const UndoRequest& request);
[[nodiscard]] DedupeResult dedupe(Change& change, const DedupeRequest& request);

/// What the same would find and take.
[[nodiscard]] CleanUpResult rehearse(Database& database, const PurgeRequest& request);
[[nodiscard]] UndoResult rehearse(Database& database, const UndoRequest& request);
[[nodiscard]] DedupeResult rehearse(Database& database, const DedupeRequest& request);

}  // namespace ratings::sqlite
