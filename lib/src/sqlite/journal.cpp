#include "sqlite/journal.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

namespace ratings::sqlite {

void use_write_ahead_log(Database& database) { database.execute("PRAGMA journal_mode = WAL"); }

bool write_in_place_if_alone(Database& database) {
  if (database.number("SELECT EXISTS (SELECT 1 FROM ratings)") != 0) return false;
  try {
    auto mode = database.prepare("PRAGMA journal_mode = DELETE");
    return mode.step() && mode.text(0) == "delete";
  } catch (const Error& error) {
    if (error.kind() != Kind::guard) throw;
    return false;  // SQLITE_BUSY: somebody has it open
  }
}

bool empty_log(const std::filesystem::path& path, std::chrono::milliseconds patience,
               const std::atomic<bool>& cancelled) noexcept try {
  Database database{path, Open::existing, patience, &cancelled};
  auto checkpoint = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  // Its first column: whether it was kept from doing all of it
  // (sqlite.org/pragma.html#pragma_wal_checkpoint).
  return checkpoint.step() && checkpoint.integer(0) == 0;
} catch (const std::exception& error) {
  log::debug("the write-ahead log was not emptied reason={}", log::quoted(error.what()));
  return false;
}

}  // namespace ratings::sqlite
