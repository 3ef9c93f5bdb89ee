// The one place where an address becomes an implementation.
#include "postgres/postgres_store.hpp"
#include "sqlite/sqlite_store.hpp"

#include "ratings/admin.hpp"
#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"
#include "ratings/load.hpp"
#include "ratings/overview.hpp"
#include "ratings/rating_scan.hpp"
#include "ratings/replicas.hpp"
#include "ratings/store.hpp"

namespace ratings {

std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_history_reader(options)
                                  : postgres::open_history_reader(options);
}

std::unique_ptr<PositionReader> open_position_reader(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_position_reader(options)
                                  : postgres::open_position_reader(options);
}

std::unique_ptr<ChangeHints> open_change_hints(const StoreOptions& options) {
  return is_embedded(options.url) ? nullptr : postgres::open_change_hints(options);
}

std::vector<Replica> open_replicas(const StoreOptions& options) {
  if (is_embedded(options.url))
    throw Error{Kind::usage,
                "read replicas are PostgreSQL servers, and " + redacted(options.url) + " is a file"};
  return postgres::open_replicas(options);
}

std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_rating_scan(options) : postgres::open_rating_scan(options);
}

std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_rating_writer(options)
                                  : postgres::open_rating_writer(options);
}

std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_clean_up(options) : postgres::open_clean_up(options);
}

std::unique_ptr<Pruner> open_pruner(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_pruner(options) : postgres::open_pruner(options);
}

std::unique_ptr<OverviewReader> open_overview_reader(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_overview_reader(options)
                                  : postgres::open_overview_reader(options);
}

std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options) {
  return is_embedded(options.url) ? sqlite::open_store_admin(options) : postgres::open_store_admin(options);
}

}  // namespace ratings
