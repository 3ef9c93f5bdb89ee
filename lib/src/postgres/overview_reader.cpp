#include "postgres/kept_connection.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"
#include "store/batch_state.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

class PostgresOverviewReader final : public OverviewReader {
 public:
  explicit PostgresOverviewReader(const StoreOptions& options) : connection_{options} {}

  /// Three statements, three snapshots: no two of these facts need to fit together.
  StoreOverview overview(Instant deadline) override {
    StoreOverview found;
    const auto facts = connection_.ask("overview", sql::overview, {}, deadline);
    if (facts.rows() != 1)
      throw Error{Kind::store, "reading the overview: the position's row is missing; run 'ratingsctl init'"};
    found.server = "PostgreSQL " + facts.text(0, 0);
    found.schema = facts.int4(0, 1);
    found.generation = facts.int8(0, 2);
    if (!facts.null(0, 3)) found.rows = static_cast<std::uint64_t>(facts.int8(0, 3));
    found.excluded_users = static_cast<std::uint64_t>(facts.int8(0, 4));
    found.bytes_on_disk = static_cast<std::uint64_t>(facts.int8(0, 5));

    const Param shown_loads[] = {param(std::int64_t{10})};
    const auto loads = connection_.ask("last_loads", sql::last_loads, shown_loads, deadline);
    for (int row = 0; row < loads.rows(); ++row) {
      found.last_loads.push_back({.at = loads.text(row, 0),
                                  .name = without_folders(loads.text(row, 1)),
                                  .rows = static_cast<std::uint64_t>(loads.int8(row, 2)),
                                  .rejected = static_cast<std::uint64_t>(loads.int8(row, 3)),
                                  .generation = loads.int8(row, 4)});
    }
    const auto batches = connection_.ask("overview_batches", sql::overview_batches, {}, deadline);
    for (int row = 0; row < batches.rows(); ++row) {
      const auto kind = batches.text(row, 1);
      found.batches.push_back({.batch = batches.text(row, 0),
                               .kind = kind,
                               .at = batches.text(row, 2),
                               .users = static_cast<std::uint64_t>(batches.int8(row, 3)),
                               .rows = static_cast<std::uint64_t>(batches.int8(row, 4)),
                               .state = batch_state({.kind = kind,
                                                     .undone = batches.boolean(row, 5),
                                                     .superseded = batches.boolean(row, 6),
                                                     .held = batches.boolean(row, 7),
                                                     .pruned = batches.boolean(row, 8)})});
    }
    return found;
  }

 private:
  KeptConnection connection_;
};

}  // namespace

std::unique_ptr<OverviewReader> open_overview_reader(const StoreOptions& options) {
  return std::make_unique<PostgresOverviewReader>(options);
}

}  // namespace ratings::postgres
