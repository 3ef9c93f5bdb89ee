#pragma once

#include "ratings/export.hpp"
#include "ratings/position.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ratings {

struct SchemaReport {
  int found = 0;                      ///< version before, 0 = none
  int now = 0;                        ///< version after
  std::vector<std::string> repaired;  ///< tables whose triggers were missing or disabled, and were put back
};

struct LoadInfo {
  std::string at;  ///< YYYY-MM-DD HH:MM:SS UTC
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t rejected = 0;
  std::int64_t generation = 1;
};

struct StoreStatus {
  int schema = 0;
  std::string server;  ///< "PostgreSQL 15.18", "SQLite 3.40.1"
  PositionState position;
  std::uint64_t rows = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t excluded_users = 0;
  std::uint64_t bytes_on_disk = 0;   ///< table and index, or the file
  std::uint64_t leftover_bytes = 0;  ///< of tables that a killed load left; the next load removes them
  bool foreign_changes = false;
  std::vector<Check> checks;
  std::vector<LoadInfo> last_loads;  ///< newest first, at most five
};

/// Schema and overview. Not thread-safe. Throws Error{unreachable|store}; Error{guard} for a schema newer
/// than this program and for a table `ratings` that is not ours.
class RATINGS_EXPORT StoreAdmin {
 public:
  virtual ~StoreAdmin() = default;
  /// Creates or upgrades under a lock, in one transaction. Puts triggers back that are missing or disabled,
  /// with a line in the audit. Does nothing when all is in place.
  virtual SchemaReport ensure_schema() = 0;
  /// Δ for everybody from now on (0 … 60,000 ms). Returns when no server can use the old one any more.
  virtual void set_delta(std::chrono::milliseconds delta) = 0;
  virtual StoreStatus status() = 0;
};

[[nodiscard]] RATINGS_EXPORT std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options);

}  // namespace ratings
