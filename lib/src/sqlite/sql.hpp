#pragma once

#include <string_view>

/// The files of lib/sql/sqlite, compiled in.
namespace ratings::sqlite::sql {

extern const std::string_view schema_001;
extern const std::string_view ratings_index;
extern const std::string_view ratings_triggers;
extern const std::string_view ratings_triggers_drop;

}  // namespace ratings::sqlite::sql
