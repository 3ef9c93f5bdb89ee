#pragma once

#include "ratings/clock.hpp"
#include "ratings/error.hpp"
#include "ratings/model.hpp"
#include "ratings/position.hpp"

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ratings::sqlite {

enum class Open { existing, create };

/// What readers wait at most for the recovery of a WAL that a killed writer left; they wait for nothing else.
inline constexpr std::chrono::milliseconds kReaderPatience{1000};

class Statement;

/// A connection. Not thread-safe, except through the `cancelled` flag it watches. Throws Error: see errors
/// below.
///   guard        not an SQLite database; another program holds the lock (a writer)
///   busy         no answer before the deadline (a reader)
///   unreachable  the file cannot be opened
///   interrupted  `cancelled` was set
///   store        everything else: full disk, read-only, damaged, …
class Database {
 public:
  /// `patience`: how long a statement waits for the locks of other programs.
  Database(const std::filesystem::path& path, Open how, std::chrono::milliseconds patience,
           const std::atomic<bool>* cancelled = nullptr);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One statement or several, without parameters.
  void execute(std::string_view statements);
  [[nodiscard]] Statement prepare(std::string_view statement);
  /// The first column of the first row; 0 when there is none.
  [[nodiscard]] std::int64_t number(std::string_view statement);
  [[nodiscard]] bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }
  /// For destructors. Its result does not matter: closing the connection rolls back as well.
  void rollback() noexcept {
    if (in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  /// From now on statements end with Error{busy} at this time.
  void set_deadline(std::optional<Instant> deadline) noexcept { deadline_ = deadline; }

  [[noreturn]] void fail_locked() const;
  [[noreturn]] void fail_read_only(Kind kind) const;
  [[noreturn]] void fail(int code, std::string_view statement) const;
  /// For what only SQLite's own interface can do. Stays the database's.
  [[nodiscard]] sqlite3* handle() noexcept { return handle_.get(); }

 private:
  friend class Statement;
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  static int on_busy(void* self, int attempt) noexcept;
  static int on_progress(void* self) noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_ != nullptr && cancelled_->load(); }
  [[nodiscard]] bool is_late() const noexcept;

  const std::string path_;
  const std::chrono::milliseconds patience_;
  const std::atomic<bool>* const cancelled_;
  std::optional<Instant> deadline_;
  Instant give_up_{};  ///< of the lock that is being waited for
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Must not outlive its database.
class Statement {
 public:
  Statement(Database& database, std::string_view text);

  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  /// True: there is a row to read. False: done, and ready for the next bind().
  [[nodiscard]] bool step();
  /// To its end, whatever rows it has; returns how many rows it changed.
  std::int64_t run();
  void reset() noexcept { sqlite3_reset(handle_.get()); }

  [[nodiscard]] std::int64_t integer(int column) { return sqlite3_column_int64(handle_.get(), column); }
  [[nodiscard]] double real(int column) { return sqlite3_column_double(handle_.get(), column); }
  [[nodiscard]] std::string text(int column);
  [[nodiscard]] bool is_null(int column) { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }
  [[nodiscard]] Salt salt(int column);
  /// From movie_id, rating, timestamp in three columns.
  [[nodiscard]] Rating rating(UserId user, int column);

 private:
  void bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(handle_.get(), index, value)); }
  void bind_one(int index, std::uint64_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
  void bind_one(int index, std::int32_t value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, UserId value) { bind_one(index, value.value); }
  void bind_one(int index, MovieId value) { bind_one(index, std::int64_t{value.value}); }
  void bind_one(int index, float value);
  void bind_one(int index, const std::string& value);
  void bind_one(int index, std::span<const std::uint8_t> value);
  void check(int code) const {
    if (code != SQLITE_OK) database_->fail(code, sqlite3_sql(handle_.get()));
  }

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Database::Finalize> handle_;
};

/// A read transaction: everything read while it lives is of one committed state.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_{database} { database_.execute("BEGIN"); }
  ~Snapshot() { database_.rollback(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database& database_;
};

}  // namespace ratings::sqlite
