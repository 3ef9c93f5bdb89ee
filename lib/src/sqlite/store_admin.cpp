#include "sqlite/change.hpp"
#include "sqlite/files.hpp"
#include "sqlite/last_loads.hpp"
#include "sqlite/position.hpp"
#include "sqlite/schema.hpp"

#include "ratings/error.hpp"

namespace ratings::sqlite {
namespace {

constexpr const char* kCounts =
    "SELECT (SELECT count(*) FROM ratings), (SELECT count(*) FROM ratingsctl_quarantine), "
    "       (SELECT count(DISTINCT user_id) FROM ratingsctl_exclusion), own_pos <> pos FROM "
    "ratingsctl_position";
constexpr const char* kLowerWait =
    "UPDATE ratingsctl_position SET wait_ms = delta_ms WHERE NOT EXISTS "
    "(SELECT 1 FROM ratingsctl_audit WHERE id > ?1 AND batch IS NULL AND detail LIKE 'delta % ms')";
constexpr std::int64_t kShownLoads = 5;
constexpr std::chrono::milliseconds kLongestDelta{60'000};  // as the CHECK in 001_schema.sql
constexpr std::chrono::seconds kChecksInTime{5};

class SqliteStoreAdmin final : public StoreAdmin {
 public:
  SqliteStoreAdmin(const StoreOptions& options, Patience patience)
      : options_{options}, target_{options, patience} {}

  SchemaReport ensure_schema() override;
  void set_delta(std::chrono::milliseconds delta) override;
  StoreStatus status() override;

 private:
  [[nodiscard]] Database open() {
    return Database{target_.path, Open::existing, target_.patience.other_programs};
  }

  static void fill_counts(Database& database, StoreStatus& status) {
    auto counts = database.prepare(kCounts);
    if (!counts.step()) return;
    status.rows = static_cast<std::uint64_t>(counts.integer(0));
    status.quarantined = static_cast<std::uint64_t>(counts.integer(1));
    status.excluded_users = static_cast<std::uint64_t>(counts.integer(2));
    status.foreign_changes = counts.integer(3) != 0;
  }

  const StoreOptions options_;
  const Target target_;
  std::atomic<bool> cancelled_ = false;  ///< nobody interrupts these
};

SchemaReport SqliteStoreAdmin::ensure_schema() {
  if (file_id(target_.path)) {
    // Up to date: no reason to wait for a load that is under way.
    auto database = open();
    const int version = whole_version(database);
    if (version == kSchemaVersion && missing_triggers(database).empty())
      return {.found = version, .now = version, .repaired = {}};
  }
  Change change{target_, Missing::create, cancelled_};
  change.commit();
  return change.schema();
}

void SqliteStoreAdmin::set_delta(std::chrono::milliseconds delta) {
  if (delta < delta.zero() || delta > kLongestDelta) {
    throw Error{Kind::usage, "delta of " + std::to_string(delta.count()) + " ms is outside 0…60000"};
  }
  std::chrono::milliseconds old{};
  Instant since{};
  std::int64_t own = 0;
  {
    // Lowering takes two steps: a server that has not seen the new one yet goes on with the old until that
    // runs out, so writers wait for the old one until nobody can use it any more. Raising is safe at once.
    Change change{target_, Missing::refuse, cancelled_};
    old = change.wait();
    change.database()
        .prepare("UPDATE ratingsctl_position SET delta_ms = ?1, wait_ms = max(wait_ms, ?1)")
        .bind(delta.count())
        .run();
    change.audit({.batch = "", .detail = "delta " + std::to_string(delta.count()) + " ms"});
    own = change.database().number("SELECT max(id) FROM ratingsctl_audit");
    since = change.commit().at;
  }
  if (old <= delta) return;
  // 0.1 % for clocks that differ in rate, 50 ms for rounding.
  boot_clock().sleep_until(since + old + old / 1000 + std::chrono::milliseconds{50});
  Change change{target_, Missing::refuse, cancelled_};
  // Whoever set it since sees to the rest: the same delta may be there again after a longer one.
  change.database().prepare(kLowerWait).bind(own).run();
  change.commit();
}

StoreStatus SqliteStoreAdmin::status() {
  (void)existing_file(target_.path);
  auto database = open();
  StoreStatus status;
  status.server = std::string{"SQLite "} + sqlite3_libversion();
  status.bytes_on_disk = bytes_on_disk(target_.path);
  const Snapshot snapshot{database};
  status.schema = schema_version(database);
  if (status.schema == 0) return status;
  status.position = PositionTables{database}.state();
  if (ratings_fault(database).empty()) fill_counts(database, status);  // else the checks say so
  status.last_loads = last_loads(database, kShownLoads);
  status.checks = sqlite::open_position_reader(options_)->checks(boot_clock().now() + kChecksInTime);
  return status;
}

}  // namespace

std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options, Patience patience) {
  return std::make_unique<SqliteStoreAdmin>(options, patience);
}

}  // namespace ratings::sqlite
