#pragma once

#include "sqlite/database.hpp"

#include "ratings/admin.hpp"

namespace ratings::sqlite {

inline constexpr int kSchemaVersion = 2;

/// 0: nothing of ours is there. Error{guard} for somebody else's table `ratings` and for a newer version.
[[nodiscard]] int schema_version(Database& database);
/// Makes it a connection that only reads, until the deadline if there is one, and returns it.
/// Error{unreachable} when there is no schema yet.
Database& as_reader(Database& database, const std::filesystem::path& path, std::optional<Instant> deadline);
/// For what needs all of the schema and may not upgrade it: Error{unreachable} when there is none yet,
/// Error{guard} when it is older than this program.
void require_schema(Database& database, const std::filesystem::path& path);
/// Creates or upgrades in one transaction of its own. The caller holds the writer lock.
SchemaReport migrate(Database& database);
/// As migrate(), but creates nothing: Error{unreachable} when there is no schema yet.
SchemaReport migrate_existing(Database& database, const std::filesystem::path& path);

/// Names of our triggers that are missing from `ratings`, comma-separated; empty when all are in place.
[[nodiscard]] std::string missing_triggers(Database& database);
/// Columns of ratings that are not ours, with commas.
[[nodiscard]] std::string foreign_columns(Database& database);

}  // namespace ratings::sqlite
