#include "postgres/migrations.hpp"

#include "postgres/commit_outcome.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

#include <array>

namespace ratings::postgres {
namespace {

/// In order; the n-th makes version n + 1.
const std::array<std::string_view, kSchemaVersion>& scripts() {
  static const std::array<std::string_view, kSchemaVersion> all{sql::schema_001};
  return all;
}

}  // namespace

int schema_version(pqxx::transaction_base& transaction) {
  const auto found =
      exec_bound(transaction,
                 "SELECT to_regclass('ratingsctl.schema_migration') IS NOT NULL, "
                 "to_regclass('public.ratings') IS NOT NULL, to_regnamespace('ratingsctl') IS NOT NULL");
  if (!found[0][0].as<bool>()) {
    if (found[0][1].as<bool>()) {
      throw Error{Kind::guard,
                  "checking the schema: this database has a table public.ratings that ratingsctl did not "
                  "make; rename it "
                  "or point --store at another database"};
    }
    if (found[0][2].as<bool>()) {
      throw Error{Kind::guard,
                  "checking the schema: this database has a schema ratingsctl that is not ours; rename it or "
                  "point --store at another database"};
    }
    return 0;
  }
  const auto version =
      exec_bound(transaction, "SELECT coalesce(max(version), 0) FROM ratingsctl.schema_migration")[0][0]
          .as<int>();
  if (version > kSchemaVersion) {
    throw Error{Kind::guard, "checking the schema: it is version " + std::to_string(version) +
                                 ", this program knows up to " + std::to_string(kSchemaVersion) +
                                 "; install a newer ratingsctl"};
  }
  return version;
}

SchemaReport migrate(Session& session) {
  const auto found =
      session.read("checking the schema", [](pqxx::work& work) { return schema_version(work); });
  if (found == kSchemaVersion) return {.found = found, .now = found};
  return session.guarded("creating the schema", [&] {
    pqxx::work work{session.connection()};
    work.exec(std::string{"SELECT pg_advisory_xact_lock("} + kMigrationLock + ")");
    const auto before = schema_version(work);  // somebody else may have been first
    for (auto next = before; next < kSchemaVersion; ++next) {
      work.exec(std::string{scripts().at(static_cast<std::size_t>(next))});
    }
    session.commit(work, "creating the schema");
    return SchemaReport{.found = before, .now = kSchemaVersion};
  });
}

}  // namespace ratings::postgres
