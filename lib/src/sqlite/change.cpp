#include "sqlite/change.hpp"

#include "core/log.hpp"
#include "core/operator_name.hpp"
#include "sqlite/files.hpp"
#include "sqlite/journal.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/sql.hpp"
#include "store/url.hpp"

#include "ratings/error.hpp"

#include <utility>

namespace ratings::sqlite {
namespace {

// As in sql/postgres/001_schema.sql: beyond 10,000 users one floor is cheaper for everybody than so many
// rows.
constexpr std::size_t kUsersNamed = 10'000;

// synchronous = FULL: the WAL is synced before COMMIT answers, so success survives a power cut.
// 64 MiB of page cache however large the load; the rest spills into the WAL.
// journal_size_limit: the WAL of a large load is given back to the disk when it has been checkpointed.
constexpr const char* kConnection =
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864";

constexpr const char* kAdvance =
    "UPDATE ratingsctl_position SET pos = pos + 1, salt = randomblob(16);"
    "INSERT INTO ratingsctl_salt_history SELECT pos, salt FROM ratingsctl_position;"
    "DELETE FROM ratingsctl_salt_history WHERE pos <= (SELECT pos FROM ratingsctl_position) - 100000";
constexpr const char* kRaiseFloor =
    "UPDATE ratingsctl_position SET floor = pos; DELETE FROM ratingsctl_user_position";
constexpr const char* kMarkUser =
    "INSERT INTO ratingsctl_user_position (user_id, pos) VALUES (?1, ?2) ON CONFLICT (user_id) DO UPDATE SET "
    "pos = excluded.pos";
constexpr const char* kAudit =
    "INSERT INTO ratingsctl_audit (who, command, batch, users, rows, detail) VALUES (?1, ?2, nullif(?3, ''), "
    "?4, ?5, ?6)";

constexpr const char* kPositionIsOwn = "UPDATE ratingsctl_position SET own_pos = pos";
// Positions are never negative.
constexpr const char* kPositionIsForeign = "UPDATE ratingsctl_position SET own_pos = -1";

/// Nothing of ours may appear in or beside somebody else's file, not even the lock, so it is looked at
/// before.
void require_ours(const Target& target, const std::atomic<bool>& cancelled) {
  Database database{present(target.path), Open::existing, target.patience.other_programs, &cancelled};
  as_reader(database, target.path, std::nullopt);
}

WriterLock lock_for(const Target& target, Missing missing, const std::atomic<bool>& cancelled) {
  if (missing == Missing::create) {
    make_folders_for(target.path);
  } else {
    require_ours(target, cancelled);
  }
  return WriterLock{target.path, target.command, target.patience.other_commands, cancelled};
}

}  // namespace

Target::Target(const StoreOptions& options, Patience wait)
    : path{embedded_path(options.url)}, command{options.command}, patience{wait} {}

Change::Change(const Target& target, Missing missing, const std::atomic<bool>& cancelled, Volume volume)
    : command_{target.command},
      lock_{lock_for(target, missing, cancelled)},
      database_{target.path, missing == Missing::create ? Open::create : Open::existing,
                target.patience.other_programs, &cancelled} {
  database_.execute(kConnection);
  schema_ = missing == Missing::create ? migrate(database_) : migrate_existing(database_, target.path);
  use_write_ahead_log(database_);
  if (volume == Volume::bulk) in_place_ = write_in_place_if_alone(database_);
  database_.execute("BEGIN IMMEDIATE");
  auto row = database_.prepare("SELECT generation, own_pos <> pos FROM ratingsctl_position");
  if (!row.step()) throw Error{Kind::store, "the position row is missing; restore the store from a backup"};
  generation_ = row.integer(0);
  foreign_changes_ = row.integer(1) != 0;
  row.reset();
  database_.execute("UPDATE ratingsctl_position SET suspended = 1");
  restore_triggers();
}

Change::~Change() {
  database_.rollback();
  end_in_place();
}

void Change::end_in_place() noexcept {
  if (!std::exchange(in_place_, false)) return;
  try {
    use_write_ahead_log(database_);
  } catch (const std::exception& error) {
    // What was committed stays so; the next change tries again.
    log::warn("readers and writers wait for each other until the next change reason={}",
              log::quoted(error.what()));
  }
}

void Change::restore_triggers() {
  if (missing_triggers(database_).empty()) return;
  // Nobody knows what was changed meanwhile: with the triggers back, everything read before is void.
  database_.execute(sql::ratings_triggers_drop);
  database_.execute(sql::ratings_triggers);
  foreign_changes_ = true;
  touch_all();
  log::warn("triggers put back table=ratings");
  audit({.batch = "", .detail = "triggers of ratings put back"});
  schema_.repaired = {"ratings"};
}

void Change::touch(UserId user) {
  if (all_ || user == last_touched_) return;
  last_touched_ = user;
  touched_.insert(user);
  if (touched_.size() > kUsersNamed) touch_all();
}

void Change::new_generation() {
  touch_all();
  all_rows_are_ours();
  ++generation_;
  database_.execute("UPDATE ratingsctl_position SET generation = generation + 1");
}

void Change::audit(const AuditLine& line) {
  database_.prepare(kAudit)
      .bind(operator_name(), command_, line.batch, line.users, line.rows, line.detail)
      .run();
}

std::int64_t Change::position() {
  if (!position_) {
    if (all_ || !touched_.empty()) database_.execute(kAdvance);
    position_ = database_.number("SELECT pos FROM ratingsctl_position");
  }
  return *position_;
}

void Change::mark_users() {
  const auto now = position();
  if (all_) {
    database_.execute(kRaiseFloor);
    return;
  }
  auto mark = database_.prepare(kMarkUser);
  for (const auto user : touched_) mark.bind(user, now).run();
}

std::chrono::milliseconds Change::wait() {
  return std::chrono::milliseconds{database_.number("SELECT wait_ms FROM ratingsctl_position")};
}

Change::Committed Change::commit() {
  mark_users();
  database_.execute(foreign_changes_ ? kPositionIsForeign : kPositionIsOwn);
  database_.execute("UPDATE ratingsctl_position SET suspended = 0");
  const auto patience = wait();
  database_.execute("COMMIT");
  const Committed done{.at = boot_clock().now(), .wait = patience};
  end_in_place();
  lock_.release();
  return done;
}

}  // namespace ratings::sqlite
