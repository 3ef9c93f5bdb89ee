#include "core/log.hpp"
#include "postgres/errors.hpp"
#include "postgres/kept_connection.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"
#include "store/ratings_table.hpp"

#include "ratings/error.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace ratings::postgres {
namespace {

/// A new connection to a server in another part of the world: some six round trips, which no question's
/// budget has room for.
constexpr Instant kConnectPatience = std::chrono::milliseconds{1'000};
constexpr int kUsersListed = 10'000;  // as in sql/postgres/changes.sql

std::string part(std::string_view sql) { return "(" + std::string{sql} + "\n)"; }

const std::string& what_is_there() {
  static const auto kText =
      "SELECT pg_is_in_recovery(), to_regclass('ratingsctl.schema_migration') IS NOT NULL, " +
      part(sql::ratings_fault);
  return kText;
}

/// All that can be asked once the tables are there, in one question: a server in another part of the world is
/// looked at in the time that one here needs, too. Version, tables without triggers, whole, subscriptions,
/// columns.
const std::string& fitness() {
  static const auto kText =
      "SELECT (SELECT max(version) FROM ratingsctl.schema_migration), "
      "(SELECT string_agg(t.name, ', ' ORDER BY t.name) FROM " +
      part(sql::triggers) + " AS t), " + part(sql::partitions) + ", " + part(sql::subscriptions) + ", " +
      part(sql::columns);
  return kText;
}

std::string dashed(const Salt& uuid) {
  auto text = *param(uuid);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

PositionState state_of(const Result& result, int row) {
  return {.now = {.position = result.int8(row, 1), .salt = result.uuid(row, 3)},
          .floor = result.int8(row, 2),
          .delta = std::chrono::milliseconds{result.int8(row, 4)},
          .generation = result.int8(row, 5),
          .store_id = dashed(result.uuid(row, 6))};
}

class PostgresPositionReader final : public PositionReader {
 public:
  explicit PostgresPositionReader(const StoreOptions& options) : connection_{options} {}

  Changes changes_since(const std::optional<ReadPoint>& last, Instant deadline) override {
    const auto from =
        last.value_or(ReadPoint{.position = std::numeric_limits<std::int64_t>::max(), .salt = {}});
    const Param params[] = {param(from.position), param(from.salt)};
    deadline += connection_.open(kConnectPatience);
    const auto result = connection_.ask("changes", sql::changes, params, deadline);
    Changes changes;
    bool found = false;
    for (int row = 0; row < result.rows(); ++row) {
      switch (result.int4(row, 0)) {
        case 0:
          found = true;
          changes.recovery = result.boolean(row, 8);
          changes.state = state_of(result, row);
          changes.known_point = result.boolean(row, 7);
          break;
        case 1:
          changes.moved.emplace_back(UserId{result.int8(row, 1)}, result.int8(row, 2));
          break;
        default:  // newest first in the answer
          changes.history.insert(changes.history.begin(),
                                 {.position = result.int8(row, 1), .salt = result.uuid(row, 3)});
      }
    }
    if (!found) throw Error{Kind::store, "reading the position: its row is missing; run 'ratingsctl init'"};
    if (changes.moved.size() > kUsersListed) {
      changes.overflow = true;
      changes.moved.clear();
    }
    return changes;
  }

  Standing standing(UserId user, const ReadPoint& read, Instant deadline) override {
    const Param params[] = {param(user.value), param(read.position), param(read.salt)};
    const auto result = connection_.ask("standing", sql::standing, params, deadline);
    if (result.rows() != 1)
      throw Error{Kind::store, "reading the position: its row is missing; run 'ratingsctl init'"};
    refuse_recovery(result.boolean(0, 4));
    return {.known_point = result.boolean(0, 0),
            .own = result.int8(0, 1),
            .now = {.position = result.int8(0, 2), .salt = result.uuid(0, 3)}};
  }

  std::vector<Check> checks(Instant deadline) override {
    std::vector<Check> checks;
    try {
      deadline += connection_.open(kConnectPatience);
      const auto present = connection_.ask("presence", what_is_there(), {}, deadline);
      const bool recovery = present.boolean(0, 0);
      checks = {
          {.name = "store", .ok = true, .blocks_cache = true, .detail = "PostgreSQL answers"},
          {.name = "primary",
           .ok = !recovery,
           .blocks_cache = true,
           .detail = recovery ? "the server is in recovery: a standby cannot validate" : "not in recovery"}};
      if (!present.boolean(0, 1) || !present.null(0, 2)) {
        checks.push_back({.name = "schema",
                          .ok = false,
                          .blocks_cache = true,
                          .detail = present.boolean(0, 1) ? ratings_fault(present.text(0, 2))
                                                          : "missing: run 'ratingsctl init'"});
      } else {
        add_fitness(checks, connection_.ask("fitness", fitness(), {}, deadline));
      }
      told_ = false;
    } catch (const Error& error) {
      checks = failed(error);
    }
    return checks;
  }

 private:
  static void add_fitness(std::vector<Check>& checks, const Result& found) {
    const auto version = found.int4(0, 0);
    const bool marked = found.null(0, 1);
    const bool whole = found.boolean(0, 2);
    const bool fed = !found.null(0, 3);
    checks.push_back({.name = "schema",
                      .ok = version == kSchemaVersion,
                      .blocks_cache = true,
                      .detail = "version " + std::to_string(version)});
    checks.push_back({.name = "triggers",
                      .ok = marked,
                      .blocks_cache = true,
                      .detail = marked ? "in place"
                                       : "missing or disabled on " + found.text(0, 1) +
                                             "; run 'ratingsctl init' to put them back"});
    checks.push_back({.name = "partitions",
                      .ok = whole,
                      .blocks_cache = true,
                      .detail = whole ? "all there"
                                      : "one of ratings is detached or dropped; attach it again, then SELECT "
                                        "ratingsctl.advance(true)"});
    checks.push_back({.name = "replication",
                      .ok = !fed,
                      .blocks_cache = true,
                      .detail = fed ? "what a logical subscription writes into ratings goes unseen: " +
                                          found.text(0, 3) + "; drop it, or let it write elsewhere"
                                    : "no logical subscription"});
    checks.push_back(columns_check(found.null(0, 4) ? "" : found.text(0, 4)));
  }

  /// what() names host and SQL: that is for the log, not for /ready.
  std::vector<Check> failed(const Error& error) {
    const bool answers = error.kind() == Kind::store;  // only not what it should: not fit, rather than away
    if (answers && !std::exchange(told_, true)) {
      log::warn("the store cannot be checked: {}", error.what());
    } else {
      log::debug("store check failed: {}", error.what());
    }
    std::vector<Check> checks{{.name = "store",
                               .ok = answers,
                               .blocks_cache = true,
                               .detail = answers ? "PostgreSQL answers" : "PostgreSQL cannot be reached"}};
    if (answers)
      checks.push_back({.name = "schema",
                        .ok = false,
                        .blocks_cache = true,
                        .detail = "cannot be checked: PostgreSQL answers with an error, see the log"});
    return checks;
  }

  static void refuse_recovery(bool recovery) {
    if (recovery)
      throw Error{Kind::unreachable, "validating against a server in recovery: point --store at the primary"};
  }

  KeptConnection connection_;
  bool told_ = false;  ///< in the log, about checks that PostgreSQL answers with an error
};

}  // namespace

std::unique_ptr<PositionReader> open_position_reader(const StoreOptions& options) {
  return std::make_unique<PostgresPositionReader>(options);
}

}  // namespace ratings::postgres
