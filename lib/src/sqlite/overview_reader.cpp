#include "sqlite/files.hpp"
#include "sqlite/last_loads.hpp"
#include "sqlite/position.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/sqlite_store.hpp"
#include "store/batch_state.hpp"
#include "store/url.hpp"

#include "ratings/error.hpp"

#include <optional>

namespace ratings::sqlite {
namespace {

constexpr std::int64_t kOverviewLoads = 10;
constexpr const char* kLastBatches =
    "SELECT b.name, b.kind, b.at, b.users, b.rows, b.undone_at IS NOT NULL, b.generation < p.generation, "
    "       EXISTS (SELECT 1 FROM ratingsctl_quarantine AS q WHERE q.batch = b.seq), b.pruned_at IS NOT NULL "
    "FROM ratingsctl_batch AS b CROSS JOIN ratingsctl_position AS p ORDER BY b.seq DESC LIMIT 10";
/// For the recovery of a WAL that a killed writer left; readers wait for nothing else.

/// Opens the file for each overview: that takes 0.1 ms, and a file that was moved into its place is found.
class SqliteOverviewReader final : public OverviewReader {
 public:
  explicit SqliteOverviewReader(const StoreOptions& options) : path_{embedded_path(options.url)} {}

  StoreOverview overview(Instant deadline) override {
    Database database{present(path_), Open::existing, kReaderPatience};
    as_reader(database, path_, deadline);
    const Snapshot snapshot{database};
    const auto state = PositionTables{database}.state();
    StoreOverview found;
    found.server = std::string{"SQLite "} + sqlite3_libversion();
    found.schema = schema_version(database);
    found.generation = state.generation;
    found.excluded_users = static_cast<std::uint64_t>(
        database.number("SELECT count(DISTINCT user_id) FROM ratingsctl_exclusion"));
    found.bytes_on_disk = bytes_on_disk(path_);
    found.last_loads = last_loads(database, kOverviewLoads);
    for (auto& load : found.last_loads) load.name = without_folders(load.name);
    found.batches = batches(database);
    found.rows = rows(database, state);  // the one thing that takes long is the last to be tried
    found.rows_exact = found.rows.has_value();
    return found;
  }

 private:
  static std::vector<BatchSummary> batches(Database& database) {
    std::vector<BatchSummary> list;
    auto row = database.prepare(kLastBatches);
    while (row.step()) {
      const auto kind = row.text(1);
      list.push_back({.batch = row.text(0),
                      .kind = kind,
                      .at = row.text(2),
                      .users = static_cast<std::uint64_t>(row.integer(3)),
                      .rows = static_cast<std::uint64_t>(row.integer(4)),
                      .state = batch_state({.kind = kind,
                                            .undone = row.integer(5) != 0,
                                            .superseded = row.integer(6) != 0,
                                            .held = row.integer(7) != 0,
                                            .pruned = row.integer(8) != 0})});
    }
    return list;
  }

  /// SQLite keeps no count and reads a whole index for one, so it is done once for each state of the store.
  std::optional<std::uint64_t> rows(Database& database, const PositionState& state) {
    if (counted_at_ == state.now) return counted_;
    try {
      counted_ = static_cast<std::uint64_t>(database.number("SELECT count(*) FROM ratings"));
      counted_at_ = state.now;
      return counted_;
    } catch (const Error& error) {
      if (error.kind() != Kind::busy) throw;
      return std::nullopt;
    }
  }

  const std::filesystem::path path_;
  std::optional<ReadPoint> counted_at_;
  std::uint64_t counted_ = 0;
};

}  // namespace

std::unique_ptr<OverviewReader> open_overview_reader(const StoreOptions& options) {
  return std::make_unique<SqliteOverviewReader>(options);
}

}  // namespace ratings::sqlite
