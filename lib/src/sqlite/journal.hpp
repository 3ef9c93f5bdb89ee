#pragma once

#include "sqlite/database.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>

namespace ratings::sqlite {

/// The file's lasting journal is the write-ahead log: readers and the writer do not wait for each other
/// (sqlite.org/wal.html). Kept in the file's header; cannot be set inside a transaction.
void use_write_ahead_log(Database& database);

/// A transaction that fills an empty store writes straight into the file, undone by a rollback journal of a
/// few pages, instead of writing everything twice: into the log, then from there. Readers who come meanwhile
/// wait for the end of it, so it is done for a file only that nobody else has open; true if it is.
/// use_write_ahead_log() ends it; after a crash the next change does.
[[nodiscard]] bool write_in_place_if_alone(Database& database);

/// After a COMMIT that erased rows: moves everything from the log into the file and cuts the log to nothing,
/// so that neither holds an older page. Waits about so long for those who read an older state, less once
/// `cancelled` is set; they, and a full disk, leave it undone: false. On a connection of its own, and under
/// nobody's writer lock.
[[nodiscard]] bool empty_log(const std::filesystem::path& path, std::chrono::milliseconds patience,
                             const std::atomic<bool>& cancelled) noexcept;

}  // namespace ratings::sqlite
