#include "core/log.hpp"
#include "postgres/errors.hpp"
#include "postgres/kept_connection.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

#include <limits>
#include <utility>

namespace ratings::postgres {
namespace {

constexpr int kUsersListed = 10'000;  // as in sql/postgres/changes.sql

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
      const auto recovery =
          connection_.ask("recovery", "SELECT pg_is_in_recovery()", {}, deadline).boolean(0, 0);
      checks.push_back({.name = "store", .ok = true, .blocks_cache = true, .detail = "PostgreSQL answers"});
      checks.push_back(
          {.name = "primary",
           .ok = !recovery,
           .blocks_cache = true,
           .detail = recovery ? "the server is in recovery: a standby cannot validate" : "not in recovery"});
      check_schema(checks, deadline);
      told_ = false;
    } catch (const Error& error) {
      // what() names host and SQL: that is for the log, not for /ready.
      const bool answers = error.kind() == Kind::store;  // only not what it should: not fit, rather than away
      if (answers && !std::exchange(told_, true)) {
        log::warn("the store cannot be checked: {}", error.what());
      } else {
        log::debug("store check failed: {}", error.what());
      }
      checks = {{.name = "store",
                 .ok = answers,
                 .blocks_cache = true,
                 .detail = answers ? "PostgreSQL answers" : "PostgreSQL cannot be reached"}};
      if (answers)
        checks.push_back({.name = "schema",
                          .ok = false,
                          .blocks_cache = true,
                          .detail = "cannot be checked: PostgreSQL answers with an error, see the log"});
    }
    return checks;
  }

 private:
  void check_schema(std::vector<Check>& checks, Instant deadline) {
    const auto present = connection_.ask("present",
                                         "SELECT to_regclass('ratingsctl.schema_migration') IS NOT NULL, "
                                         "to_regclass('public.ratings') IS NOT NULL",
                                         {}, deadline);
    if (!present.boolean(0, 0) || !present.boolean(0, 1)) {
      checks.push_back({.name = "schema",
                        .ok = false,
                        .blocks_cache = true,
                        .detail = present.boolean(0, 0)
                                      ? "the table public.ratings is missing: renamed, or dropped"
                                      : "missing: run 'ratingsctl init'"});
      return;
    }
    const auto version =
        connection_.ask("version", "SELECT max(version) FROM ratingsctl.schema_migration", {}, deadline)
            .int4(0, 0);
    checks.push_back({.name = "schema",
                      .ok = version == kSchemaVersion,
                      .blocks_cache = true,
                      .detail = "version " + std::to_string(version)});
    const auto broken = connection_.ask("triggers", sql::triggers, {}, deadline);
    std::string names;
    for (int row = 0; row < broken.rows(); ++row) names += (names.empty() ? "" : ", ") + broken.text(row, 0);
    checks.push_back({.name = "triggers",
                      .ok = names.empty(),
                      .blocks_cache = true,
                      .detail = names.empty() ? "in place"
                                              : "missing or disabled on " + names +
                                                    "; run 'ratingsctl init' to put them back"});
    const bool whole = connection_.ask("partitions", sql::partitions, {}, deadline).boolean(0, 0);
    checks.push_back({.name = "partitions",
                      .ok = whole,
                      .blocks_cache = true,
                      .detail = whole ? "all there"
                                      : "one of ratings is detached or dropped; attach it again, then SELECT "
                                        "ratingsctl.advance(true)"});
    const auto found = connection_.ask("subscriptions", sql::subscriptions, {}, deadline);
    const bool fed = !found.null(0, 0);
    checks.push_back({.name = "replication",
                      .ok = !fed,
                      .blocks_cache = true,
                      .detail = fed ? "what a logical subscription writes into ratings goes unseen: " +
                                          found.text(0, 0) + "; drop it, or let it write elsewhere"
                                    : "no logical subscription"});
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
