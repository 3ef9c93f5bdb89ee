#pragma once

#include "ratings/admin.hpp"
#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"
#include "ratings/overview.hpp"
#include "ratings/rating_scan.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <memory>

/// The embedded store: one SQLite file in WAL mode. Readers see a committed state and never wait for a
/// writer; changing commands take turns through a lock on PATH.lock, which the kernel drops when its holder
/// dies. Database files are never renamed or replaced by us; when somebody else does, readers notice and open
/// the new one.
namespace ratings::sqlite {

/// How long a changing command waits; tests shorten it.
struct Patience {
  std::chrono::milliseconds other_commands{30'000};  ///< for a ratingsctl that holds PATH.lock
  std::chrono::milliseconds other_programs{30'000};  ///< for somebody's sqlite3 shell that holds the database
  /// For those who read a state with rows that were erased: a request ends within two seconds, an export does
  /// not.
  std::chrono::milliseconds readers{3'000};
};

[[nodiscard]] std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<OverviewReader> open_overview_reader(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<PositionReader> open_position_reader(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options,
                                                               Patience patience = {});
[[nodiscard]] std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options, Patience patience = {});
[[nodiscard]] std::unique_ptr<Pruner> open_pruner(const StoreOptions& options, Patience patience = {});
[[nodiscard]] std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options,
                                                           Patience patience = {});

}  // namespace ratings::sqlite
