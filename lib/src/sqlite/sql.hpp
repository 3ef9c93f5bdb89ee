#pragma once

#include <string_view>

/// The files of lib/sql/sqlite, compiled in.
namespace ratings::sqlite::sql {

// Named after their files.
// NOLINTBEGIN(readability-identifier-naming)
extern const std::string_view schema_001;
extern const std::string_view schema_002;
extern const std::string_view ratings_fault;
extern const std::string_view ratings_index;
extern const std::string_view ratings_triggers;
extern const std::string_view ratings_triggers_drop;
// NOLINTEND(readability-identifier-naming)

}  // namespace ratings::sqlite::sql
