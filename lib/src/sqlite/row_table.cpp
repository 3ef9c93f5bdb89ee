#include "sqlite/row_table.hpp"

#include "sqlite/score.hpp"

#include <cstddef>
#include <new>

namespace ratings::sqlite {
namespace {

using Rows = std::span<const Rating>;

struct Table : sqlite3_vtab {
  const Rows* rows = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  Rows rows;
  std::size_t at = 0;
};

// SQLite hands both back by pointers to its own base types, which have no virtual functions.
// NOLINTBEGIN(cppcoreguidelines-pro-type-static-cast-downcast)
Cursor& cursor_of(sqlite3_vtab_cursor* base) { return *static_cast<Cursor*>(base); }

int connect(sqlite3* handle, void* rows, int /*argc*/, const char* const* /*argv*/, sqlite3_vtab** made,
            char** /*error*/) {
  const int code = sqlite3_declare_vtab(handle, "CREATE TABLE x (user_id, movie_id, rating, timestamp)");
  if (code != SQLITE_OK) return code;
  auto table = std::unique_ptr<Table>{new (std::nothrow) Table{}};
  if (!table) return SQLITE_NOMEM;
  table->rows = static_cast<const Rows*>(rows);
  *made = table.release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* base) {
  const std::unique_ptr<Table> ended{static_cast<Table*>(base)};
  return SQLITE_OK;
}

int best_index(sqlite3_vtab* /*base*/, sqlite3_index_info* /*info*/) { return SQLITE_OK; }

int open_cursor(sqlite3_vtab* base, sqlite3_vtab_cursor** made) {
  auto cursor = std::unique_ptr<Cursor>{new (std::nothrow) Cursor{}};
  if (!cursor) return SQLITE_NOMEM;
  cursor->rows = *static_cast<Table*>(base)->rows;
  *made = cursor.release();
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* base) {
  const std::unique_ptr<Cursor> ended{static_cast<Cursor*>(base)};
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* base, int /*plan*/, const char* /*text*/, int /*argc*/,
           sqlite3_value** /*argv*/) {
  cursor_of(base).at = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* base) {
  ++cursor_of(base).at;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* base) { return cursor_of(base).at >= cursor_of(base).rows.size() ? 1 : 0; }

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int number) {
  const auto& row = cursor_of(base).rows[cursor_of(base).at];
  switch (number) {
    case 0:
      sqlite3_result_int64(context, row.user.value);
      break;
    case 1:
      sqlite3_result_int64(context, row.movie.value);
      break;
    case 2:
      sqlite3_result_double(context, stored_score(row.score));
      break;
    default:
      sqlite3_result_int64(context, row.timestamp);
  }
  return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* base, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(cursor_of(base).at);
  return SQLITE_OK;
}

// NOLINTEND(cppcoreguidelines-pro-type-static-cast-downcast)

// Without xCreate: it exists by itself, and in no schema. The fields that are not named are functions we do
// without.
const sqlite3_module kModule = [] {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open_cursor;
  module.xClose = close_cursor;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = eof;
  module.xColumn = column;
  module.xRowid = row_id;
  return module;
}();

constexpr const char* kName = "ratingsctl_rows";

}  // namespace

RowTable::RowTable(Database& database) : rows_{std::make_unique<Rows>()} {
  const int code = sqlite3_create_module(database.handle(), kName, &kModule, rows_.get());
  if (code != SQLITE_OK) database.fail(code, kName);
}

RowTable::~RowTable() = default;

}  // namespace ratings::sqlite
