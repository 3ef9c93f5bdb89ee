#pragma once

#include <string_view>

/// The texts of lib/sql/postgres, embedded by the build. What each takes and gives stands in its file.
namespace ratings::postgres::sql {

// Named after their files.
// NOLINTBEGIN(readability-identifier-naming)
extern const std::string_view schema_001;
extern const std::string_view schema_002;
extern const std::string_view schema_003;
extern const std::string_view schema_004;
extern const std::string_view schema_005;
extern const std::string_view history;
extern const std::string_view histories;
extern const std::string_view changes;
extern const std::string_view standing;
extern const std::string_view triggers;
extern const std::string_view subscriptions;
extern const std::string_view partitions;
extern const std::string_view columns;
extern const std::string_view ratings_fault;
extern const std::string_view hard_purge;
extern const std::string_view known_users;
extern const std::string_view undo;
extern const std::string_view dedupe_prints;
extern const std::string_view dedupe_suspects;
extern const std::string_view dedupe_users;
extern const std::string_view dedupe_take;
extern const std::string_view batches;
extern const std::string_view prune;
extern const std::string_view prune_rehearsal;
extern const std::string_view leftovers;
extern const std::string_view lock_holder;
extern const std::string_view scan;
extern const std::string_view scan_users;
extern const std::string_view replica;
extern const std::string_view overview;
extern const std::string_view last_loads;
extern const std::string_view overview_batches;
// NOLINTEND(readability-identifier-naming)

}  // namespace ratings::postgres::sql
