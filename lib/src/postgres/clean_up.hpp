#pragma once

#include "postgres/session.hpp"

#include "ratings/cleanup.hpp"

#include <span>
#include <string>
#include <unordered_map>

namespace ratings::postgres {

/// A batch being made or found, as its row stands.
struct Batch {
  std::int64_t seq = 0;
  std::string name;
  std::string kind;
  std::int64_t generation = 0;
  bool undone = false;
  bool pruned = false;
  std::string reason;  ///< of one being made
};

/// Writers of ratings wait until the end of the transaction, readers do not. For a transaction that does not
/// hold the position yet: everybody comes to the table first.
inline constexpr const char* kHoldWriters = "LOCK TABLE public.ratings IN SHARE ROW EXCLUSIVE MODE";

using RowsByUser = std::unordered_map<UserId, std::uint64_t>;

[[nodiscard]] std::string user_array(std::span<const UserId> users);  ///< bigint[] in text form
[[nodiscard]] RowsByUser rows_by_user(const pqxx::result& result);    ///< columns user_id, rows
[[nodiscard]] std::uint64_t total(const RowsByUser& rows);

[[nodiscard]] Batch make_batch(pqxx::work& work, const std::string& kind, const std::string& reason);

/// The end of every change: figures into the batch, audit line with the batch's reason, and own_pos, which
/// stays equal to pos as long as only ratingsctl changes rows: this transaction moved pos by `statements`.
/// Returns how long its caller must wait for the servers, read behind the position's row lock.
[[nodiscard]] std::chrono::milliseconds finish(pqxx::work& work, const std::string& command,
                                               const Batch& batch, const CleanUpResult& result,
                                               int statements);

/// The same for a command that finds nothing to do: what it reports may rest on another's change.
[[nodiscard]] std::chrono::milliseconds present_wait(pqxx::work& work);

[[nodiscard]] CleanUpResult purge(Session& session, const PurgeRequest& request);
[[nodiscard]] UndoResult undo(Session& session, const UndoRequest& request);
[[nodiscard]] DedupeResult dedupe(Session& session, const DedupeRequest& request);

}  // namespace ratings::postgres
