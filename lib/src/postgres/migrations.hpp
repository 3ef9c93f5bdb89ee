#pragma once

#include "postgres/connection.hpp"
#include "postgres/session.hpp"

#include "ratings/admin.hpp"

namespace ratings::postgres {

/// The schema this program reads and writes.
inline constexpr int kSchemaVersion = 1;

/// Brings the schema to kSchemaVersion, in one transaction under an advisory lock. Error{guard} for a newer
/// one, and for a table `ratings` or a schema `ratingsctl` that is not ours.
/// Puts back triggers that are missing or disabled.
SchemaReport migrate(Session& session);

/// For those who only read: Error{unreachable} without a schema, Error{guard} as migrate().
void require_schema(Connection& connection, Instant deadline);
/// For commands that need something to change: as above; an older schema is upgraded.
void require_schema(Session& session);

/// The version found, 0 for none. Error{guard} as migrate().
int schema_version(pqxx::transaction_base& transaction);

}  // namespace ratings::postgres
