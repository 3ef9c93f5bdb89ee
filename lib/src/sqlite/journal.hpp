#pragma once

#include "sqlite/database.hpp"

namespace ratings::sqlite {

/// The file's lasting journal is the write-ahead log: readers and the writer do not wait for each other
/// (sqlite.org/wal.html). Kept in the file's header; cannot be set inside a transaction.
void use_write_ahead_log(Database& database);

/// A transaction that fills an empty store writes straight into the file, undone by a rollback journal of a
/// few pages, instead of writing everything twice: into the log, then from there. Readers who come meanwhile
/// wait for the end of it, so it is done for a file only that nobody else has open; true if it is.
/// use_write_ahead_log() ends it; after a crash the next change does.
[[nodiscard]] bool write_in_place_if_alone(Database& database);

}  // namespace ratings::sqlite
