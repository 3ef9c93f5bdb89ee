#pragma once

#include "ratings/admin.hpp"
#include "ratings/clock.hpp"
#include "ratings/export.hpp"
#include "ratings/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// A clean-up as a page may show it to anybody who can reach the server: not who made it, nor why, nor whom
/// it concerns.
struct BatchSummary {
  std::string batch;
  std::string kind;  ///< purge, hard-purge, dedupe
  std::string at;    ///< YYYY-MM-DD HH:MM:SS UTC
  std::uint64_t users = 0;
  std::uint64_t rows = 0;
  std::string state;  ///< active, undone, partly-undone, lifted, superseded, erased, pruned
};

/// The store at a glance, read in milliseconds whatever its size. StoreStatus is exact and may take seconds.
struct StoreOverview {
  std::string server;  ///< "PostgreSQL 15.18", "SQLite 3.40.1"
  int schema = 0;
  std::int64_t generation = 0;
  std::optional<std::uint64_t> rows;  ///< nullopt: not known in time
  bool rows_exact = false;            ///< false: the server's estimate
  std::uint64_t excluded_users = 0;
  std::uint64_t bytes_on_disk = 0;    ///< table and index, or the file
  std::vector<LoadInfo> last_loads;   ///< newest first, at most ten; names without their folders
  std::vector<BatchSummary> batches;  ///< likewise
};

/// Reads overviews; the right to SELECT is enough. Not thread-safe. Connects when first asked; the next call
/// after an error connects anew. Throws Error{unreachable|busy|store}; at `deadline` (boot clock) it has
/// given up.
class RATINGS_EXPORT OverviewReader {
 public:
  virtual ~OverviewReader() = default;
  virtual StoreOverview overview(Instant deadline) = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<OverviewReader> open_overview_reader(
    const StoreOptions& options);

}  // namespace ratings
