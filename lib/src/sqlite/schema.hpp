#pragma once

#include "sqlite/database.hpp"

#include "ratings/admin.hpp"

namespace ratings::sqlite {

inline constexpr int kSchemaVersion = 2;

/// 0: nothing of ours is there. Error{guard} for somebody else's table `ratings` and for a newer version.
[[nodiscard]] int schema_version(Database& database);
/// Of a store with our schema: what is wrong with its table `ratings`, which is missing or not the one that
/// we made, in words; empty when all is well.
[[nodiscard]] std::string ratings_fault(Database& database);
/// As schema_version(), and Error{guard} for such a table.
[[nodiscard]] int whole_version(Database& database);
/// Makes it a connection that only reads, until the deadline if there is one, and returns it.
/// Error{unreachable} when there is no schema yet, Error{guard} as whole_version().
Database& as_reader(Database& database, const std::filesystem::path& path, std::optional<Instant> deadline);
/// The same for positions and checks, which tell of a table that is not ours.
Database& as_watcher(Database& database, const std::filesystem::path& path, std::optional<Instant> deadline);
/// For what needs all of the schema and may not upgrade it: Error{unreachable} when there is none yet,
/// Error{guard} when it is older than this program.
void require_schema(Database& database, const std::filesystem::path& path);
/// Creates or upgrades in one transaction of its own. Error{guard} as whole_version(). The caller holds the
/// writer lock.
SchemaReport migrate(Database& database);
/// As migrate(), but creates nothing: Error{unreachable} when there is no schema yet.
SchemaReport migrate_existing(Database& database, const std::filesystem::path& path);

/// Names of our triggers that are missing from `ratings`, comma-separated; empty when all are in place.
[[nodiscard]] std::string missing_triggers(Database& database);
/// Columns of ratings that are not ours, with commas.
[[nodiscard]] std::string foreign_columns(Database& database);

}  // namespace ratings::sqlite
