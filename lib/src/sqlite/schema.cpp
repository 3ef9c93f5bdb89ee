#include "sqlite/schema.hpp"

#include "sqlite/journal.hpp"
#include "sqlite/sql.hpp"
#include "store/ratings_table.hpp"

#include "ratings/error.hpp"

#include <array>

namespace ratings::sqlite {
namespace {

// "RATG": tells file(1) and the next program whose database this is
// (sqlite.org/pragma.html#pragma_application_id).
constexpr const char* kApplicationId = "PRAGMA application_id = 0x52415447";
constexpr const char* kOurs = "SELECT count(*) FROM sqlite_master WHERE name = 'ratingsctl_schema_migration'";
constexpr const char* kAnyRatings =
    "SELECT count(*) FROM sqlite_master WHERE name = 'ratings' COLLATE NOCASE";

std::array<std::string_view, kSchemaVersion> migrations() { return {sql::schema_001, sql::schema_002}; }

void require_some(int version, const std::filesystem::path& path) {
  if (version > 0) return;
  throw Error{Kind::unreachable,
              "store " + path.string() + " is empty; run 'ratingsctl load FILE' or 'ratingsctl init'"};
}

int existing_version(Database& database, const std::filesystem::path& path) {
  const int version = whole_version(database);
  require_some(version, path);
  return version;
}

void make_read_only(Database& database, std::optional<Instant> deadline) {
  database.set_deadline(deadline);
  database.execute("PRAGMA query_only = ON");
}

}  // namespace

int schema_version(Database& database) {
  if (database.number(kOurs) == 0) {
    if (database.number(kAnyRatings) > 0) {
      throw Error{Kind::guard,
                  "the database has a table 'ratings' that is not ratingsctl's; choose another file with "
                  "--store sqlite:PATH"};
    }
    return 0;
  }
  const auto version =
      static_cast<int>(database.number("SELECT max(version) FROM ratingsctl_schema_migration"));
  if (version > kSchemaVersion) {
    throw Error{Kind::guard, "the store has schema version " + std::to_string(version) +
                                 ", this program knows " + std::to_string(kSchemaVersion) +
                                 "; install a newer ratingsctl"};
  }
  return version;
}

std::string ratings_fault(Database& database) {
  auto fault = database.prepare(sql::ratings_fault);
  if (!fault.step() || fault.is_null(0)) return "";
  return table_fault("ratings", fault.text(0), "choose another file with --store sqlite:PATH");
}

int whole_version(Database& database) {
  const int version = schema_version(database);
  if (version == 0) return 0;
  if (const auto fault = ratings_fault(database); !fault.empty())
    throw Error{Kind::guard, "checking the schema: " + fault};
  return version;
}

Database& as_reader(Database& database, const std::filesystem::path& path, std::optional<Instant> deadline) {
  make_read_only(database, deadline);
  (void)existing_version(database, path);
  return database;
}

Database& as_watcher(Database& database, const std::filesystem::path& path, std::optional<Instant> deadline) {
  make_read_only(database, deadline);
  require_some(schema_version(database), path);
  return database;
}

void require_schema(Database& database, const std::filesystem::path& path) {
  const int version = existing_version(database, path);
  if (version == kSchemaVersion) return;
  throw Error{Kind::guard, "store " + path.string() + ": it has schema version " + std::to_string(version) +
                               ", this program needs " + std::to_string(kSchemaVersion) +
                               "; run 'ratingsctl init' to upgrade it"};
}

SchemaReport migrate_existing(Database& database, const std::filesystem::path& path) {
  (void)existing_version(database, path);
  return migrate(database);
}

SchemaReport migrate(Database& database) {
  const int found = whole_version(database);
  if (found == kSchemaVersion) return {.found = found, .now = found, .repaired = {}};
  use_write_ahead_log(database);
  database.execute("BEGIN IMMEDIATE");
  database.execute(kApplicationId);
  const auto steps = migrations();
  for (auto step = static_cast<std::size_t>(found); step < steps.size(); ++step)
    database.execute(steps.at(step));
  if (found == 0) database.execute(sql::ratings_index);
  database.execute(sql::ratings_triggers_drop);
  database.execute(sql::ratings_triggers);
  database.execute("COMMIT");
  return {.found = found, .now = kSchemaVersion, .repaired = {}};
}

std::string missing_triggers(Database& database) {
  std::string missing;
  auto present = database.prepare(
      "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ratings' COLLATE NOCASE AND "
      "name = ?1");
  for (const char* suffix : {"insert", "delete", "update", "overwrite", "move"}) {
    const auto name = "ratingsctl_" + std::string{suffix};
    present.bind(name);
    if (!present.step() || present.integer(0) == 0) missing += (missing.empty() ? "" : ", ") + name;
  }
  return missing;
}

std::string foreign_columns(Database& database) {
  std::string foreign;
  auto column = database.prepare(
      "SELECT name FROM pragma_table_info('ratings') WHERE lower(name) NOT IN ('user_id', 'movie_id', "
      "'rating', "
      "'timestamp') ORDER BY cid");
  while (column.step()) foreign += (foreign.empty() ? "" : ", ") + column.text(0);
  return foreign;
}

}  // namespace ratings::sqlite
