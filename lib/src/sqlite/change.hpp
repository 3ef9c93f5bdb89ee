#pragma once

#include "sqlite/database.hpp"
#include "sqlite/sqlite_store.hpp"
#include "sqlite/writer_lock.hpp"

#include "ratings/clock.hpp"
#include "ratings/store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>

namespace ratings::sqlite {

/// What every changing command knows about its store.
struct Target {
  Target(const StoreOptions& options, Patience wait);

  std::filesystem::path path;
  std::string command;
  Patience patience;
};

/// What becomes of a change when there is no file, or nothing of ours in it.
enum class Missing { create, refuse };

/// How much the change will write: a bulk into an empty store goes straight into the file when nobody else
/// has it open (journal.hpp).
enum class Volume { some, bulk };

/// One changing transaction, from the writer lock to COMMIT; rolled back unless commit() returns. The row
/// triggers are suspended inside it, so it must be told whom it touches: their position moves in the same
/// transaction. Not thread-safe, except the `cancelled` flag it watches.
class Change {
 public:
  /// Takes the lock, creates or upgrades the schema, puts missing triggers back, begins. Error{guard} naming
  /// who holds the store; Error{unreachable} for what is missing and not to be created.
  Change(const Target& target, Missing missing, const std::atomic<bool>& cancelled,
         Volume volume = Volume::some);
  ~Change();
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  [[nodiscard]] Database& database() noexcept { return database_; }
  [[nodiscard]] std::int64_t generation() const noexcept { return generation_; }
  [[nodiscard]] SchemaReport schema() const noexcept { return schema_; }
  [[nodiscard]] bool foreign_changes() const noexcept { return foreign_changes_; }
  /// How long until no server can answer from before what this transaction finds.
  [[nodiscard]] std::chrono::milliseconds wait();

  void touch(UserId user);
  /// Bulk: raises the floor instead of naming users.
  void touch_all() noexcept { all_ = true; }
  /// Everything older is void; implies touch_all() and all_rows_are_ours().
  void new_generation();
  /// Whatever others changed before, no row of it is left.
  void all_rows_are_ours() noexcept { foreign_changes_ = false; }

  struct AuditLine {
    std::string batch;
    std::uint64_t users = 0;
    std::uint64_t rows = 0;
    std::string detail;
  };
  /// Who ran this command, and what came of it.
  void audit(const AuditLine& line);

  /// The position this transaction commits under; gives it out on first use.
  [[nodiscard]] std::int64_t position();

  struct Committed {
    Instant at{};
    std::chrono::milliseconds wait{};
  };
  /// On disk when it returns; the lock is free then.
  Committed commit();

 private:
  void restore_triggers();
  void mark_users();
  void end_in_place() noexcept;

  const std::string command_;
  WriterLock lock_;
  Database database_;
  SchemaReport schema_;
  bool in_place_ = false;
  std::int64_t generation_ = 1;
  bool foreign_changes_ = false;
  bool all_ = false;
  UserId last_touched_{-1};
  std::unordered_set<UserId> touched_;
  std::optional<std::int64_t> position_;
};

}  // namespace ratings::sqlite
