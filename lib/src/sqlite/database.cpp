#include "sqlite/database.hpp"

#include "sqlite/score.hpp"
#include "sqlite/writer_lock.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

namespace ratings::sqlite {
namespace {

// About 50 µs of work between two looks at the clock and at `cancelled` (sqlite3_progress_handler).
constexpr int kStepsBetweenLooks = 1000;
// Short against the life of a lock, long against the cost of asking again.
constexpr std::chrono::milliseconds kBusyPause{5};

/// The first line of a statement, for messages.
std::string_view head(std::string_view statement) { return statement.substr(0, statement.find('\n')); }

}  // namespace

Database::Database(const std::filesystem::path& path, Open how, std::chrono::milliseconds patience,
                   const std::atomic<bool>* cancelled)
    : path_{path.string()}, patience_{patience}, cancelled_{cancelled} {
  sqlite3* handle = nullptr;
  const int create = how == Open::create ? SQLITE_OPEN_CREATE : 0;
  // Readers too are opened for writing: a WAL reader writes its mark into PATH-shm.
  const int code =
      sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code, "open");
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, &Database::on_busy, this);
  sqlite3_progress_handler(handle, kStepsBetweenLooks, &Database::on_progress, this);
}

bool Database::is_late() const noexcept { return deadline_ && boot_clock().now() >= *deadline_; }

int Database::on_busy(void* self, int attempt) noexcept {
  auto& database = *static_cast<Database*>(self);
  const auto now = boot_clock().now();
  if (attempt == 0) database.give_up_ = now + database.patience_;
  if (database.is_cancelled() || database.is_late() || now >= database.give_up_) return 0;
  std::this_thread::sleep_for(kBusyPause);
  return 1;
}

int Database::on_progress(void* self) noexcept {
  const auto& database = *static_cast<const Database*>(self);
  return database.is_cancelled() || database.is_late() ? 1 : 0;
}

void Database::execute(std::string_view statements) {
  while (!statements.empty()) {
    sqlite3_stmt* prepared = nullptr;
    const char* rest = nullptr;
    const int size = static_cast<int>(statements.size());
    const int code = sqlite3_prepare_v2(handle_.get(), statements.data(), size, &prepared, &rest);
    const std::unique_ptr<sqlite3_stmt, Finalize> owner{prepared};
    if (code != SQLITE_OK) fail(code, statements);
    int stepped = prepared == nullptr ? SQLITE_DONE : SQLITE_ROW;  // null: only a comment was left
    while (stepped == SQLITE_ROW) stepped = sqlite3_step(prepared);
    if (stepped != SQLITE_DONE) fail(stepped, statements);
    statements.remove_prefix(static_cast<std::size_t>(rest - statements.data()));
  }
}

Statement Database::prepare(std::string_view statement) { return Statement{*this, statement}; }

std::int64_t Database::number(std::string_view statement) {
  auto prepared = prepare(statement);
  return prepared.step() ? prepared.integer(0) : 0;
}

void Database::fail_locked() const {
  const auto holder = WriterLock::holder(path_);
  const auto who = holder.empty() ? "another program (a sqlite3 shell?)" : holder;
  if (deadline_) throw Error{Kind::busy, "store " + path_ + ": locked by " + who};
  throw Error{Kind::guard, "store " + path_ + ": locked by " + who + "; try again when it is done"};
}

/// A reader meets it, too: beside a store in WAL mode SQLite has to make files (sqlite.org/wal.html,
/// Read-Only Databases). To a reader the store is as good as away.
void Database::fail_read_only(Kind kind) const {
  throw Error{kind,
              "store " + path_ +
                  ": is read-only for this user; file and directory must be writable, also for reading"};
}

void Database::fail(int code, std::string_view statement) const {
  const std::string where = "store " + path_ + ": ";
  if (is_cancelled())
    throw Error{Kind::interrupted, where + "interrupted; nothing was changed", Outcome::told};
  switch (code & 0xFF) {  // the primary code (sqlite.org/rescode.html)
    case SQLITE_INTERRUPT:
      throw Error{Kind::busy, where + "no answer in time"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail_locked();
    case SQLITE_NOTADB:
      throw Error{Kind::guard,
                  where + "not an SQLite database; choose another file with --store sqlite:PATH"};
    case SQLITE_CANTOPEN: {
      const int reason = sqlite3_system_errno(handle_.get());
      if (reason == ENOENT && std::filesystem::exists(path_))
        fail_read_only(Kind::unreachable);  // a file beside it
      throw Error{Kind::unreachable, where + "cannot be opened: " + std::strerror(reason)};
    }
    case SQLITE_READONLY:
    case SQLITE_PERM:
      fail_read_only(deadline_ ? Kind::unreachable : Kind::store);
    case SQLITE_FULL:
      throw Error{Kind::store, where + "the disk is full; nothing was changed", Outcome::told};
    case SQLITE_CORRUPT:
      throw Error{Kind::store, where + "the file is damaged; restore it from a backup"};
    default:
      break;
  }
  throw Error{Kind::store,
              where + sqlite3_errmsg(handle_.get()) + " in '" + std::string{head(statement)} + "'"};
}

Statement::Statement(Database& database, std::string_view text) : database_{&database} {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle_.get(), text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) database.fail(code, text);
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  reset();  // keeps the error's text (sqlite.org/c3ref/reset.html)
  if (code != SQLITE_DONE) database_->fail(code, sqlite3_sql(handle_.get()));
  return false;
}

std::int64_t Statement::run() {
  while (step()) {
  }
  return sqlite3_changes64(database_->handle_.get());
}

std::string Statement::text(int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return text == nullptr
             ? std::string{}
             : std::string{text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Salt Statement::salt(int column) {
  Salt salt;
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  if (bytes == nullptr ||
      sqlite3_column_bytes(handle_.get(), column) != static_cast<int>(salt.bytes.size())) {
    throw Error{Kind::store,
                "store " + database_->path_ + ": a salt has not 16 bytes; restore the file from a backup"};
  }
  std::memcpy(salt.bytes.data(), bytes, salt.bytes.size());
  return salt;
}

Rating Statement::rating(UserId user, int column) {
  // + 0: an operator's -0.0 is the same score as 0.
  return {.user = user,
          .movie = {static_cast<std::int32_t>(integer(column))},
          .score = static_cast<float>(real(column + 1)) + 0.0F,
          .timestamp = integer(column + 2)};
}

void Statement::bind_one(int index, float value) {
  check(sqlite3_bind_double(handle_.get(), index, stored_score(value)));
}

void Statement::bind_one(int index, const std::string& value) {
  check(sqlite3_bind_text(handle_.get(), index, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT));
}

void Statement::bind_one(int index, std::span<const std::uint8_t> value) {
  check(sqlite3_bind_blob(handle_.get(), index, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT));
}

}  // namespace ratings::sqlite
