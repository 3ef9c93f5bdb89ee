#include "core/log.hpp"
#include "core/utf8.hpp"
#include "sqlite/change.hpp"
#include "sqlite/row_table.hpp"
#include "sqlite/sql.hpp"
#include "store/exclusion_list.hpp"

#include "ratings/error.hpp"

#include <numeric>

namespace ratings::sqlite {
namespace {

constexpr const char* kInsert =
    "INSERT INTO ratings (user_id, movie_id, rating, \"timestamp\") "
    "SELECT user_id, movie_id, rating, \"timestamp\" FROM ratingsctl_rows";
constexpr const char* kHoldBack =
    "INSERT INTO ratingsctl_quarantine (user_id, movie_id, rating, \"timestamp\", batch, generation, "
    "held_back) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)";
constexpr const char* kForget = "UPDATE ratingsctl_load_ledger SET live = 0 WHERE live";
constexpr const char* kLedger =
    "INSERT INTO ratingsctl_load_ledger (generation, hash, name, bytes, read, loaded, rejected, excluded, "
    "pos) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

// ignore_check_constraints: check_row() says the same, five times as fast.
// secure_delete = FAST: DELETE without WHERE gives its pages back without writing zeros over a gigabyte
// first.
constexpr const char* kFill = "PRAGMA ignore_check_constraints = ON; PRAGMA secure_delete = FAST";
// Rows and index of a bulk load are written from front to back: 16 MiB of pages are as fast as more, and
// bound the sort.
constexpr const char* kBulk = "PRAGMA cache_size = -16384";
// A sample of 400 rows an index (sqlite.org/lang_analyze.html): milliseconds instead of a scan.
constexpr const char* kAnalyse = "PRAGMA analysis_limit = 400; ANALYZE ratings";

/// The table's own conditions; the reader of the file has checked them before.
void check_row(const Rating& row) {
  const bool fits = row.user.value >= 0 && row.movie.value >= 0 && row.score >= 0 && row.score <= kMaxScore &&
                    row.timestamp >= 0 && row.timestamp <= kMaxTimestamp;
  if (!fits)
    throw Error{Kind::internal, "a row outside the limits of the table reached the store; nothing was loaded",
                Outcome::told};
}

class SqliteRatingWriter final : public RatingWriter {
 public:
  SqliteRatingWriter(const StoreOptions& options, Patience patience) : target_{options, patience} {}

  LoadFacts begin() override;
  void start(Fill fill, std::size_t connections) override;
  std::size_t append(std::span<const Rating> rows) override;
  LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) override;
  void cancel() noexcept override { cancelled_ = true; }

 private:
  [[nodiscard]] bool is_bulk() const noexcept { return fill_ != Fill::append; }
  void check_sums(std::span<const LoadedFile> files) const;
  void write_ledger(std::span<const LoadedFile> files);
  void checkpoint() noexcept;

  const Target target_;
  std::atomic<bool> cancelled_ = false;
  std::optional<Change> change_;
  bool empty_ = true;
  bool held_ = false;  ///< as in LoadFacts
  Fill fill_ = Fill::first;
  ExclusionList exclusions_;
  ExclusionList::Scratch scratch_;
  std::uint64_t loaded_ = 0;
  std::uint64_t excluded_ = 0;
  // After change_: a statement must be gone before its connection.
  std::optional<RowTable> table_;
  std::optional<Statement> insert_;
  std::optional<Statement> hold_back_;
};

LoadFacts SqliteRatingWriter::begin() {
  auto& database = change_.emplace(target_, Missing::create, cancelled_, Volume::bulk).database();
  empty_ = database.number("SELECT NOT EXISTS (SELECT 1 FROM ratings)") != 0;
  LoadFacts facts{.empty = empty_,
                  .held = false,
                  .live = {},
                  .foreign_changes = change_->foreign_changes(),
                  .generation = change_->generation(),
                  .excluded = {},
                  .wait = change_->wait()};
  auto live =
      database.prepare("SELECT hash FROM ratingsctl_load_ledger WHERE live AND generation = ?1 ORDER BY id");
  live.bind(change_->generation());
  while (live.step()) facts.live.push_back({.bytes = live.salt(0).bytes});
  auto held = database.prepare("SELECT EXISTS (SELECT 1 FROM ratingsctl_quarantine WHERE generation = ?1)");
  held.bind(change_->generation());
  held_ = empty_ && held.step() && held.integer(0) != 0;
  facts.held = held_;
  auto excluded = database.prepare("SELECT user_id, batch FROM ratingsctl_exclusion");
  while (excluded.step()) exclusions_.exclude({excluded.integer(0)}, excluded.integer(1));
  facts.excluded = exclusions_.users();
  return facts;
}

void SqliteRatingWriter::start(Fill fill, std::size_t /*connections*/) {
  if (!change_) throw Error{Kind::internal, "start() before begin()"};
  if (fill == Fill::first && !empty_)
    throw Error{Kind::internal, "a first load into a table that is not empty"};
  fill_ = fill;
  auto& database = change_->database();
  database.execute(kFill);
  if (is_bulk()) database.execute(kBulk);
  database.execute(sql::ratings_triggers_drop);
  // The table is emptied and filled in place, inside the transaction: readers see the old state until COMMIT,
  // the file does not grow to twice its size, and an operator's own views on `ratings` stay valid.
  if (is_bulk()) database.execute("DROP INDEX IF EXISTS ratings_user_id");
  if (replaces(fill)) {
    database.execute("DELETE FROM ratings");
    change_->new_generation();
  }
  if (is_bulk()) {
    change_->touch_all();
    if (starts_over(fill, held_)) change_->all_rows_are_ours();  // the table was empty, or is now
  }
  table_.emplace(database);
  insert_.emplace(database, kInsert);
  hold_back_.emplace(database, kHoldBack);
}

std::size_t SqliteRatingWriter::append(std::span<const Rating> rows) {
  if (!insert_) throw Error{Kind::internal, "append() before start()"};
  if (cancelled_)
    throw Error{Kind::interrupted, "the load was interrupted; nothing was loaded", Outcome::told};
  const auto split = exclusions_.split(rows, scratch_);
  for (const auto& row : split.kept) {
    check_row(row);
    change_->touch(row.user);
  }
  table_->show(split.kept);
  insert_->run();
  for (const auto& row : split.held) {
    check_row(row);
    const auto batch = exclusions_.batch_of(row.user).value_or(0);
    hold_back_->bind(row.user, row.movie, row.score, row.timestamp, batch, change_->generation()).run();
  }
  loaded_ += split.kept.size();
  excluded_ += split.held.size();
  return split.held.size();
}

void SqliteRatingWriter::check_sums(std::span<const LoadedFile> files) const {
  std::uint64_t loaded = 0;
  std::uint64_t excluded = 0;
  for (const auto& file : files) {
    loaded += file.loaded;
    excluded += file.excluded;
  }
  if (loaded == loaded_ && excluded == excluded_) return;
  throw Error{Kind::store,
              "the store holds " + std::to_string(loaded_) + " new rows and " + std::to_string(excluded_) +
                  " excluded ones, the files have " + std::to_string(loaded) + " and " +
                  std::to_string(excluded) + "; nothing was loaded",
              Outcome::told};
}

void SqliteRatingWriter::write_ledger(std::span<const LoadedFile> files) {
  auto& database = change_->database();
  if (starts_over(fill_, held_)) database.execute(kForget);
  auto line = database.prepare(kLedger);
  std::string names;
  for (const auto& file : files) {
    const auto name = as_utf8(file.name);
    line.bind(change_->generation(), std::span<const std::uint8_t>{file.hash.bytes}, name, file.bytes,
              file.read, file.loaded, file.rejected, file.excluded, change_->position())
        .run();
    names += (names.empty() ? "" : ", ") + name;
  }
  change_->audit({.batch = "", .rows = loaded_, .detail = names});
}

LoadCommit SqliteRatingWriter::commit(std::span<const LoadedFile> files, const StageWatch& entering) {
  if (!insert_) throw Error{Kind::internal, "commit() before start()"};
  check_sums(files);
  insert_.reset();
  hold_back_.reset();
  auto& database = change_->database();
  LoadCommit result{.generation = change_->generation()};
  entering("index");
  if (is_bulk()) database.execute(sql::ratings_index);
  database.execute(sql::ratings_triggers);
  entering("analyse");
  database.execute(kAnalyse);
  entering("commit");
  write_ledger(files);
  // The WAL of a bulk load is as large as the table; COMMIT must not wait until all of it is copied.
  database.execute("PRAGMA wal_autocheckpoint = 0");
  const auto committed = change_->commit();
  result.committed = committed.at;
  result.wait = committed.wait;
  entering("checkpoint");
  checkpoint();
  change_.reset();
  return result;
}

void SqliteRatingWriter::checkpoint() noexcept {
  try {
    change_->database().execute("PRAGMA wal_checkpoint(PASSIVE)");
  } catch (const std::exception&) {
    // Not the error's words: they are those of a change that failed.
    log::warn(
        "the load is done and safe, but its rows could not be moved from the log into the file yet; is the "
        "disk "
        "full? The next change tries again");
  }
}

}  // namespace

std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options, Patience patience) {
  return std::make_unique<SqliteRatingWriter>(options, patience);
}

}  // namespace ratings::sqlite
