#pragma once

#include "ratings/admin.hpp"
#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"
#include "ratings/overview.hpp"
#include "ratings/rating_scan.hpp"
#include "ratings/replicas.hpp"
#include "ratings/store.hpp"

#include <memory>
#include <vector>

/// The PostgreSQL store. libpq carries what libpqxx has no way for: reads with a deadline, and binary COPY
/// with its ledger in one transaction. libpqxx carries schema, clean-up and status. A connection belongs to
/// one of the two for life.
namespace ratings::postgres {

[[nodiscard]] std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options);
[[nodiscard]] std::vector<Replica> open_replicas(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<OverviewReader> open_overview_reader(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<PositionReader> open_position_reader(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<ChangeHints> open_change_hints(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<Pruner> open_pruner(const StoreOptions& options);
[[nodiscard]] std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options);

}  // namespace ratings::postgres
