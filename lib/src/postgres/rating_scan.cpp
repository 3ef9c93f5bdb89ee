#include "postgres/conninfo.hpp"
#include "postgres/copied_row.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"
#include "store/user_runs.hpp"

namespace ratings::postgres {
namespace {

/// Until the scan begins; a host that does not answer by then is not there.
constexpr std::chrono::seconds kConnectPatience{5};

/// One statement is one snapshot. Rows come one at a time, so that neither libpq nor we hold the table; the
/// statement may take as long as a change may (Purpose::change), since the table may be of any size.
class PostgresRatingScan final : public RatingScan {
 public:
  explicit PostgresRatingScan(const StoreOptions& options)
      : connection_{conninfo(options, Purpose::change), boot_clock().now() + kConnectPatience} {
    require_schema(connection_, boot_clock().now() + kConnectPatience);
    connection_.execute("starting a scan", "SET default_transaction_read_only = on");
  }

  std::uint64_t each(std::span<const UserId> users, const std::function<void(const Rating&)>& take) override {
    std::uint64_t rows = 0;
    const Param params[] = {param(users)};
    connection_.each_row("scan", sql::scan, params, kNoDeadline, [&](const Result& row) {
      ++rows;
      // + 0: a -0 that somebody wrote with psql is the score 0.
      take({.user = {row.int8(0, 0)},
            .movie = {row.int4(0, 1)},
            .score = row.float4(0, 2) + 0.0F,
            .timestamp = row.int8(0, 3)});
    });
    return rows;
  }

  std::uint64_t each_user(std::int64_t since,
                          const std::function<void(std::span<const Rating>)>& take) override {
    const Param params[] = {param(since)};
    connection_.execute("starting a scan", "SELECT set_config('ratingsctl.since', $1, false)", params,
                        kNoDeadline);
    std::uint64_t rows = 0;
    CopiedRows copied;
    UserRuns users{take};
    connection_.each_copied("scanning the ratings", sql::scan_users, kNoDeadline,
                            [&](std::string_view message) {
                              copied.begin(message);
                              for (Rating rating; copied.next(rating); ++rows) users.add(rating);
                            });
    users.finish();
    return rows;
  }

 private:
  Connection connection_;
};

}  // namespace

std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options) {
  return std::make_unique<PostgresRatingScan>(options);
}

}  // namespace ratings::postgres
