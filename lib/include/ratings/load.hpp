#pragma once

#include "ratings/export.hpp"
#include "ratings/model.hpp"
#include "ratings/store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ratings {

/// XXH3-128 of a file's decompressed bytes: the identity of its content in the ledger.
struct ContentHash {
  std::array<std::uint8_t, 16> bytes{};
  friend constexpr auto operator<=>(const ContentHash&, const ContentHash&) = default;
};
[[nodiscard]] RATINGS_EXPORT std::string to_hex(const ContentHash& hash);

/// How rows enter the table.
enum class Fill {
  first,    ///< the table is empty; the generation goes on
  replace,  ///< everything older goes, a new generation begins; readers see old or new, never a mix
  renew,    ///< the same, unless somebody writes rows of their own meanwhile: Error{guard}
  append,   ///< rows are added
};

[[nodiscard]] constexpr bool replaces(Fill fill) noexcept {
  return fill == Fill::replace || fill == Fill::renew;
}

/// Nothing from before is in the table or can come back into it by undo: what was loaded is forgotten, and
/// every row is ours. `held`: as in LoadFacts.
[[nodiscard]] constexpr bool starts_over(Fill fill, bool held) noexcept {
  return replaces(fill) || (fill == Fill::first && !held);
}

/// What the store knows when a load begins.
struct LoadFacts {
  bool empty = true;                  ///< no row at all
  bool held = false;                  ///< the table is empty, and batches hold records of this generation
  std::vector<ContentHash> live;      ///< contents of the live generation, the sample's among them
  bool foreign_changes = false;       ///< somebody else than ratingsctl changed rows in this generation
  std::int64_t generation = 1;        ///< the present one
  std::vector<UserId> excluded = {};  ///< each once; their rows will be held back
  /// How long until no server can answer from before what these facts say.
  std::chrono::milliseconds wait{};
};

/// One file that has been read to its end. read = loaded + rejected + excluded.
struct LoadedFile {
  std::string name;
  ContentHash hash;
  std::uint64_t bytes = 0;  ///< decompressed
  std::uint64_t read = 0;
  std::uint64_t loaded = 0;
  std::uint64_t rejected = 0;
  std::uint64_t excluded = 0;
};

/// Told the name of each stage of a commit as it begins: copy, index, analyse, swap, commit, checkpoint;
/// which of them there are depends on the store. Called on the committing thread. Must not throw.
using StageWatch = std::function<void(const char* stage)>;

struct LoadCommit {
  std::int64_t generation = 1;
  Instant committed{};               ///< when COMMIT was answered
  std::chrono::milliseconds wait{};  ///< how long until no server can answer from before
};

/// Puts ratings into a store: begin, start, append…, commit; they appear in one transaction that the
/// destructor rolls back. Not thread-safe, except cancel(). Throws Error{guard} when another command holds
/// the store for 30 s (naming it), Error{unreachable|store|interrupted} otherwise; after a throw nothing was
/// stored, unless the message says that the outcome of COMMIT is unknown.
class RATINGS_EXPORT RatingWriter {
 public:
  virtual ~RatingWriter() = default;
  /// Creates or upgrades the schema, takes the store's writer lock, opens the transaction.
  virtual LoadFacts begin() = 0;
  /// `connections`, at least 1: how many a store with a server may fill tables over.
  virtual void start(Fill fill, std::size_t connections) = 0;
  /// Rows of excluded users go into quarantine under their exclusion; returns how many did. Rows that come in
  /// the order of their users, as the files have them, are indexed in half the time.
  virtual std::size_t append(std::span<const Rating> rows) = 0;
  /// Index, statistics, ledger, audit, position and COMMIT. Checks the stored count against the files' sums
  /// and throws Error{store} (nothing loaded) if they differ.
  virtual LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) = 0;
  /// From any thread: the call in progress ends with Error{interrupted}.
  virtual void cancel() noexcept = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options);

}  // namespace ratings
