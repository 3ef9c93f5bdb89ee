#include "sqlite/files.hpp"
#include "sqlite/position.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/sqlite_store.hpp"
#include "store/ratings_table.hpp"
#include "store/url.hpp"

#include "ratings/error.hpp"

#include <type_traits>

namespace ratings::sqlite {
namespace {

/// An open file and what was last read from it.
struct PositionSession {
  PositionSession(const std::filesystem::path& path, FileId opened, Instant deadline)
      : file{opened},
        database{path, Open::existing, kReaderPatience},
        tables{as_watcher(database, path, deadline)},
        version{database, "PRAGMA data_version"} {}

  /// Changes whenever another connection commits, whoever it is (sqlite.org/pragma.html#pragma_data_version).
  /// A lock taken and given back; nothing that SQLite offers costs less and sees as much (ARCHITECTURE, D23).
  std::int64_t data_version() {
    version.reset();
    const auto found = version.step() ? version.integer(0) : 0;
    version.reset();
    return found;
  }

  FileId file;
  Database database;
  PositionTables tables;
  Statement version;
  std::optional<std::int64_t> seen;  ///< data_version before `state` was read
  PositionState state{};
};

class SqlitePositionReader final : public PositionReader {
 public:
  explicit SqlitePositionReader(const StoreOptions& options) : path_{embedded_path(options.url)} {}

  Changes changes_since(const std::optional<ReadPoint>& last, Instant deadline) override {
    return ask(deadline, [&](PositionSession& session) { return changes(session, last); });
  }

  Standing standing(UserId user, const ReadPoint& read, Instant deadline) override {
    return ask(deadline, [&](PositionSession& session) {
      const Snapshot snapshot{session.database};
      const auto state = session.tables.state();
      return Standing{.known_point = session.tables.is_history(read),
                      .own = session.tables.own(user, state.floor),
                      .now = state.now};
    });
  }

  std::vector<Check> checks(Instant deadline) override {
    return ask(deadline, [](PositionSession& session) {
      const Snapshot snapshot{session.database};
      const auto version = schema_version(session.database);
      const auto fault = ratings_fault(session.database);
      std::vector<Check> checks{
          {.name = "store", .ok = true, .blocks_cache = true, .detail = "the file answers"},
          {.name = "schema",
           .ok = version == kSchemaVersion && fault.empty(),
           .blocks_cache = true,
           .detail = fault.empty() ? "version " + std::to_string(version) : fault},
          {.name = "primary", .ok = true, .blocks_cache = true, .detail = "a file is its own primary"}};
      if (fault.empty()) add_table_checks(checks, session.database);
      return checks;
    });
  }

  [[nodiscard]] bool local() const noexcept override { return true; }

 private:
  static void add_table_checks(std::vector<Check>& checks, Database& database) {
    const auto missing = missing_triggers(database);
    checks.push_back(
        {.name = "triggers",
         .ok = missing.empty(),
         .blocks_cache = true,
         .detail = missing.empty() ? "in place" : "missing: " + missing + "; run 'ratingsctl init'"});
    checks.push_back(columns_check(foreign_columns(database)));
  }

  template <typename Question>
  std::invoke_result_t<Question, PositionSession&> ask(Instant deadline, Question question) {
    try {
      // A backup moved into the file's place leaves us on the old one, which never changes again.
      const auto file = existing_file(path_);
      if (!session_ || session_->file != file)
        session_ = std::make_unique<PositionSession>(path_, file, deadline);
      session_->database.set_deadline(deadline);
      return question(*session_);
    } catch (...) {
      session_.reset();
      throw;
    }
  }

  static Changes changes(PositionSession& session, const std::optional<ReadPoint>& last) {
    // Asked before the tables are read: a commit in between is seen now and noticed again next time.
    const auto version = session.data_version();
    if (session.seen == version && (!last || *last == session.state.now)) {
      return {.state = session.state, .known_point = last.has_value(), .moved = {}, .history = {}};
    }
    const Snapshot snapshot{session.database};
    Changes changes{.state = session.tables.state(), .moved = {}, .history = {}};
    if (last) {
      changes.known_point = session.tables.is_history(*last);
      if (changes.known_point) session.tables.add_changes(changes, *last);
    }
    session.state = changes.state;
    session.seen = version;
    return changes;
  }

  const std::filesystem::path path_;
  std::unique_ptr<PositionSession> session_;
};

}  // namespace

std::unique_ptr<PositionReader> open_position_reader(const StoreOptions& options) {
  return std::make_unique<SqlitePositionReader>(options);
}

}  // namespace ratings::sqlite
