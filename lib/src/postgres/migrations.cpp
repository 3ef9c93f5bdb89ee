#include "postgres/migrations.hpp"

#include "core/log.hpp"
#include "core/operator_name.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/sql.hpp"
#include "store/ratings_table.hpp"

#include "ratings/error.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace ratings::postgres {
namespace {

/// In order; the n-th makes version n + 1.
const std::array<std::string_view, kSchemaVersion>& scripts() {
  static const std::array<std::string_view, kSchemaVersion> kAll{
      sql::schema_001, sql::schema_002, sql::schema_003, sql::schema_004, sql::schema_005};
  return kAll;
}

constexpr const char* kRepairAudit =
    "INSERT INTO ratingsctl.audit (who, command, detail) VALUES ($1, $2, 'triggers of ' || $3::text || ' put "
    "back')";

const std::string& presence() {
  static const auto kText =
      "SELECT to_regclass('ratingsctl.schema_migration') IS NOT NULL, to_regclass('public.ratings') IS NOT "
      "NULL, to_regnamespace('ratingsctl') IS NOT NULL, (" +
      std::string{sql::ratings_fault} + "\n)";
  return kText;
}
constexpr const char* kVersion = "SELECT coalesce(max(version), 0) FROM ratingsctl.schema_migration";

struct Presence {
  bool migrations = false;
  bool ratings = false;
  bool schema = false;
  std::optional<std::string> fault;  ///< of ratings: it is not the one that we made
};

Presence look(pqxx::transaction_base& transaction) {
  const auto found = exec_bound(transaction, presence());
  return {found[0][0].as<bool>(), found[0][1].as<bool>(), found[0][2].as<bool>(),
          found[0][3].is_null() ? std::nullopt : std::optional{found[0][3].as<std::string>()}};
}

Presence look(Connection& connection, Instant deadline) {
  const auto found = connection.execute("checking the schema", presence(), {}, deadline);
  return {found.boolean(0, 0), found.boolean(0, 1), found.boolean(0, 2),
          found.null(0, 3) ? std::nullopt : std::optional{found.text(0, 3)}};
}

/// Whether our schema is there; Error{guard} when something else stands in its place.
bool judge(const Presence& found) {
  if (found.migrations) return true;
  if (found.ratings) {
    throw Error{Kind::guard,
                "checking the schema: this database has a table public.ratings that ratingsctl did not make; "
                "rename it "
                "or point --store at another database"};
  }
  if (found.schema) {
    throw Error{Kind::guard,
                "checking the schema: this database has a schema ratingsctl that is not ours; rename it or "
                "point --store at another database"};
  }
  return false;
}

/// As judge(), for whoever needs the ratings themselves.
bool judge_ratings(const Presence& found) {
  if (!judge(found)) return false;
  if (found.fault) throw Error{Kind::guard, "checking the schema: " + ratings_fault(*found.fault)};
  return true;
}

int known(int version) {
  if (version <= kSchemaVersion) return version;
  throw Error{Kind::guard, "checking the schema: it is version " + std::to_string(version) +
                               ", this program knows up to " + std::to_string(kSchemaVersion) +
                               "; install a newer ratingsctl"};
}

Error no_schema() {
  return Error{Kind::unreachable,
               "this database holds no ratings yet; run 'ratingsctl load' or 'ratingsctl init' first"};
}

int version_in(pqxx::transaction_base& transaction) {
  return known(exec_bound(transaction, kVersion)[0][0].as<int>());
}

/// Of a schema whose ratings are there.
int whole_version(pqxx::transaction_base& transaction) {
  return judge_ratings(look(transaction)) ? version_in(transaction) : 0;
}

int version_of(Session& session) {
  return session.read("checking the schema", [](pqxx::work& work) { return whole_version(work); });
}

}  // namespace

std::string ratings_fault(std::string_view fault) {
  return table_fault("public.ratings", fault,
                     "DROP SCHEMA ratingsctl CASCADE, see that nothing is called public.ratings, and run "
                     "'ratingsctl init'");
}

void require_current(int version) {
  if (version < kSchemaVersion) {
    throw Error{Kind::guard, "checking the schema: it is version " + std::to_string(version) +
                                 ", this program needs " + std::to_string(kSchemaVersion) +
                                 "; run 'ratingsctl init' to upgrade it"};
  }
}

int schema_version(pqxx::transaction_base& transaction) {
  return judge(look(transaction)) ? version_in(transaction) : 0;
}

void require_schema(Connection& connection, Instant deadline) {
  if (!judge_ratings(look(connection, deadline))) throw no_schema();
  require_current(known(connection.execute("checking the schema", kVersion, {}, deadline).int4(0, 0)));
}

void require_schema(Session& session) {
  const auto version = version_of(session);
  if (version == 0) throw no_schema();
  require_current(version);
}

namespace {

/// Puts missing or disabled triggers back and raises the floor: nobody marked what changed meanwhile. Returns
/// the tables.
std::vector<std::string> repair_triggers(Session& session) {
  std::vector<std::string> repaired;
  const auto broken =
      session.read("checking the triggers", [](pqxx::work& work) { return exec_bound(work, sql::triggers); });
  if (broken.empty()) return repaired;
  session.change("repairing the triggers", [&](pqxx::work& work) {
    for (const auto& row : exec_bound(work, sql::triggers)) {
      const auto table = row[0].as<std::string>();
      log::warn("triggers put back table={}", table);
      for (const char* event : {"insert", "update", "delete", "truncate"}) {
        work.exec("DROP TRIGGER IF EXISTS ratingsctl_" + std::string{event} + " ON " + table);
      }
      exec_bound(work, "SELECT ratingsctl.attach_triggers($1::text::regclass)", table);
      exec_bound(work, kRepairAudit, operator_name(), session.command(), table);
      repaired.push_back(table);
    }
    if (repaired.empty()) return false;  // somebody else was first
    exec_bound(work, "SELECT ratingsctl.advance(true)");
    return true;
  });
  return repaired;
}

SchemaReport bring_up(Session& session, int found) {
  if (found == kSchemaVersion) {
    return {.found = found, .now = found, .repaired = repair_triggers(session)};
  }
  return session.guarded("creating the schema", [&] {
    pqxx::work work{session.connection()};
    work.exec(std::string{"SELECT pg_advisory_xact_lock("} + kMigrationLock + ")");
    const auto before = whole_version(work);  // somebody else may have been first
    for (auto next = before; next < kSchemaVersion; ++next) {
      work.exec(std::string{scripts().at(static_cast<std::size_t>(next))});
    }
    session.commit(work, "creating the schema");
    return SchemaReport{.found = before, .now = kSchemaVersion, .repaired = {}};
  });
}

}  // namespace

void migrate_existing(Session& session) {
  const auto found = version_of(session);
  if (found == 0) throw no_schema();
  bring_up(session, found);
}

SchemaReport migrate(Session& session) { return bring_up(session, version_of(session)); }

}  // namespace ratings::postgres
