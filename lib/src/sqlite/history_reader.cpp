#include "sqlite/files.hpp"
#include "sqlite/position.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/sqlite_store.hpp"
#include "store/seats.hpp"
#include "store/url.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <mutex>

namespace ratings::sqlite {
namespace {

struct HistorySession {
  HistorySession(const std::filesystem::path& path, FileId opened, Instant deadline)
      : file{opened},
        database{path, Open::existing, kReaderPatience},
        tables{as_reader(database, path, deadline)},
        rows{database, "SELECT movie_id, rating, \"timestamp\" FROM ratings WHERE user_id = ?1"} {
    // 8 MiB a connection: the upper levels of the index of 26 million rows.
    database.execute("PRAGMA cache_size = -8192");
  }

  History read(UserId user, const PositionState& state) {
    History history{
        .user = user, .tag = {.own = tables.own(user, state.floor), .read = state.now}, .ratings = {}};
    rows.bind(user);
    while (rows.step()) history.ratings.push_back(rows.rating(user, 0));
    std::sort(history.ratings.begin(), history.ratings.end(), older);
    return history;
  }

  FileId file;
  Database database;
  PositionTables tables;
  Statement rows;
};

class SqliteHistoryReader final : public HistoryReader {
 public:
  explicit SqliteHistoryReader(const StoreOptions& options)
      : path_{embedded_path(options.url)}, seats_{options.connections} {}

  History history(UserId user, Instant deadline) override {
    return std::move(histories({&user, 1}, deadline).front());
  }

  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
    const auto seat = seats_.take(deadline);
    return read(users, deadline);
  }

  std::optional<History> spare_history(UserId user, Instant deadline) override {
    const auto seat = seats_.take_spare();
    if (!seat) return std::nullopt;
    return std::move(read({&user, 1}, deadline).front());
  }

  [[nodiscard]] std::optional<PoolFigures> figures() const override { return seats_.figures(); }

 private:
  std::vector<History> read(std::span<const UserId> users, Instant deadline) {
    const auto file = existing_file(path_);
    auto session = take(file);
    if (!session) session = std::make_unique<HistorySession>(path_, file, deadline);
    session->database.set_deadline(deadline);
    std::vector<History> found;
    {
      const Snapshot snapshot{session->database};
      const auto state = session->tables.state();
      for (const auto user : users) found.push_back(session->read(user, state));
    }
    give_back(std::move(session));  // after an error it is closed instead
    return found;
  }

  /// A connection to that very file, or null. Those to a file that has been replaced are closed.
  std::unique_ptr<HistorySession> take(FileId file) {
    const std::lock_guard lock{mutex_};
    std::erase_if(idle_, [file](const auto& session) { return session->file != file; });
    if (idle_.empty()) return nullptr;
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }

  void give_back(std::unique_ptr<HistorySession> session) {
    const std::lock_guard lock{mutex_};
    idle_.push_back(std::move(session));
  }

  const std::filesystem::path path_;
  Seats seats_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HistorySession>> idle_;
};

}  // namespace

std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options) {
  return std::make_unique<SqliteHistoryReader>(options);
}

}  // namespace ratings::sqlite
