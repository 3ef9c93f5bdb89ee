#pragma once

#include "postgres/connection.hpp"
#include "postgres/session.hpp"

#include "ratings/admin.hpp"

namespace ratings::postgres {

/// The schema this program reads and writes.
inline constexpr int kSchemaVersion = 5;

/// Brings the schema to kSchemaVersion, in one transaction under an advisory lock. Error{guard} for a newer
/// one, and for a table `ratings` or a schema `ratingsctl` that is not ours, or is no more.
/// Puts back triggers that are missing or disabled.
SchemaReport migrate(Session& session);

/// For those who only read, rehearsals among them: Error{unreachable} without a schema, Error{guard} as
/// migrate(), and for a schema older than this program reads.
void require_schema(Connection& connection, Instant deadline);
void require_schema(Session& session);
/// For commands that change something that must be there: Error{unreachable} without a schema; an older one
/// is upgraded.
void migrate_existing(Session& session);

/// The version found, 0 for none. Error{guard} as migrate(), except for a `ratings` that has taken the place
/// of ours, or a missing one: the checks tell of that.
int schema_version(pqxx::transaction_base& transaction);
/// Error{guard} for a schema that is older than this program reads.
void require_current(int version);
/// What the checks say of a `ratings` that is not ours. `fault`: what ratings_fault.sql gives.
[[nodiscard]] std::string ratings_fault(std::string_view fault);

}  // namespace ratings::postgres
