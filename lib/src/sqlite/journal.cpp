#include "sqlite/journal.hpp"

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

}  // namespace ratings::sqlite
