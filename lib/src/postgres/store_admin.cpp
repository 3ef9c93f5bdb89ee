#include "core/operator_name.hpp"
#include "postgres/clean_up.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/session.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

constexpr const char* kCounts =
    "SELECT (SELECT count(*) FROM public.ratings), (SELECT count(*) FROM ratingsctl.quarantine_record) "
    "+ (SELECT coalesce(sum(records), 0)::bigint FROM ratingsctl.quarantine_pack), "
    "(SELECT count(DISTINCT user_id) FROM ratingsctl.exclusion), "
    "(SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits WHERE inhparent = "
    "'public.ratings'::regclass)";
constexpr const char* kDeltaAudit =
    "INSERT INTO ratingsctl.audit (who, command, detail) VALUES ($1, 'init', 'delta ' || $2::integer || ' "
    "ms') RETURNING id";
constexpr const char* kLowerWait =
    "UPDATE ratingsctl.position SET wait_ms = delta_ms "
    "WHERE NOT EXISTS (SELECT FROM ratingsctl.audit "
    "WHERE id > $1 AND command = 'init' AND detail LIKE 'delta %')";
constexpr std::int64_t kShownLoads = 5;

class PostgresStoreAdmin final : public StoreAdmin {
 public:
  explicit PostgresStoreAdmin(const StoreOptions& options)
      : session_{options}, positions_{postgres::open_position_reader(options)} {}

  SchemaReport ensure_schema() override { return migrate(session_); }

  void set_delta(std::chrono::milliseconds delta) override {
    if (delta.count() < 0 || delta.count() > 60'000) {
      throw Error{Kind::usage, "setting delta: " + std::to_string(delta.count()) + " ms is outside 0…60000"};
    }
    // Lowering takes two steps: a server that is cut off goes on with the old delta until it runs out, so
    // writers must wait for that long until nobody can. Raising is safe at once: whoever uses the new one has
    // seen every change that was reported after the shorter wait.
    std::chrono::milliseconds old{};
    std::int64_t own = 0;
    const auto at = session_.change("setting delta", [&](pqxx::work& work) {
      old = present_wait(work);
      exec_bound(work, "UPDATE ratingsctl.position SET delta_ms = $1, wait_ms = greatest(wait_ms, $1)",
                 static_cast<int>(delta.count()));
      own = exec_bound(work, kDeltaAudit, operator_name(), static_cast<int>(delta.count()))[0][0]
                .as<std::int64_t>();
      return true;
    });
    if (old <= delta) return;
    boot_clock().sleep_until(at + old + old / 1000 + std::chrono::milliseconds{50});
    session_.change("setting delta", [&](pqxx::work& work) {
      // Whoever set it since sees to the rest: the same delta may be there again after a longer one, which
      // servers that are cut off still use.
      exec_bound(work, kLowerWait, own);
      return true;
    });
  }

  StoreStatus status() override {
    auto status = session_.read("reading the state", [](pqxx::work& work) {
      StoreStatus found;
      found.server = "PostgreSQL " + exec_bound(work, "SHOW server_version")[0][0].as<std::string>();
      found.schema = schema_version(work);
      if (found.schema > 0) {
        require_current(found.schema);  // an older one has not all of what is counted
        fill(work, found);
      }
      return found;
    });
    const auto deadline = boot_clock().now() + std::chrono::seconds{5};
    if (status.schema > 0) status.position = positions_->changes_since(std::nullopt, deadline).state;
    status.checks = positions_->checks(deadline);
    return status;
  }

 private:
  static void fill(pqxx::work& work, StoreStatus& status) {
    const auto position = exec_bound(work, "SELECT own_pos <> pos FROM ratingsctl.position");
    status.foreign_changes = position[0][0].as<bool>();
    for (const auto& row : exec_bound(work, sql::last_loads, kShownLoads)) {
      status.last_loads.push_back({.at = row[0].as<std::string>(),
                                   .name = row[1].as<std::string>(),
                                   .rows = row[2].as<std::uint64_t>(),
                                   .rejected = row[3].as<std::uint64_t>(),
                                   .generation = row[4].as<std::int64_t>()});
    }
    if (!exec_bound(work, sql::ratings_fault)[0][0].is_null()) return;  // the checks say so
    const auto counts = exec_bound(work, kCounts);
    status.rows = counts[0][0].as<std::uint64_t>();
    status.quarantined = counts[0][1].as<std::uint64_t>();
    status.excluded_users = counts[0][2].as<std::uint64_t>();
    status.bytes_on_disk = counts[0][3].as<std::uint64_t>();
    for (const auto& row : exec_bound(work, sql::leftovers))
      status.leftover_bytes += row[1].as<std::uint64_t>();
  }

  Session session_;
  std::unique_ptr<PositionReader> positions_;
};

}  // namespace

std::unique_ptr<StoreAdmin> open_store_admin(const StoreOptions& options) {
  return std::make_unique<PostgresStoreAdmin>(options);
}

}  // namespace ratings::postgres
