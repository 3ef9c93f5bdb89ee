#include "core/log.hpp"
#include "core/operator_name.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/copy_stream.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "store/exclusion_list.hpp"
#include "store/spool.hpp"

#include "ratings/error.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

// One index build of 26 million rows sorts in memory with this; the server's own default of 64 MB spills to
// disk.
constexpr const char* kIndexMemory = "SET LOCAL maintenance_work_mem = '512MB'";
constexpr const char* kEmpty = "SELECT NOT EXISTS (SELECT 1 FROM public.ratings)";
constexpr const char* kState = "SELECT own_pos <> pos, generation FROM ratingsctl.position";
constexpr const char* kLive =
    "SELECT hash FROM ratingsctl.load_ledger AS l JOIN ratingsctl.position AS p ON l.generation = "
    "p.generation WHERE l.live ORDER BY l.id";
constexpr const char* kExcluded = "SELECT user_id, max(batch) FROM ratingsctl.exclusion GROUP BY user_id";
constexpr const char* kForget = "UPDATE ratingsctl.load_ledger SET live = false WHERE live";
constexpr const char* kLedger =
    "INSERT INTO ratingsctl.load_ledger (generation, hash, name, bytes, read, loaded, rejected, excluded, "
    "pos) "
    "SELECT generation, decode($1, 'hex'), $2, $3, $4, $5, $6, $7, pos FROM ratingsctl.position";
constexpr const char* kAudit =
    "INSERT INTO ratingsctl.audit (who, command, rows, detail) VALUES ($1, $2, $3, $4)";
// fresh: every row of the table is ours now; else pos moved by one COPY, and own_pos follows if it was in
// step.
constexpr const char* kPosition =
    "UPDATE ratingsctl.position SET generation = generation + $1::bigint, "
    "own_pos = CASE WHEN $2::boolean OR own_pos = pos - 1 THEN pos ELSE own_pos END RETURNING generation, "
    "wait_ms::bigint";

/// How long the swap tries for its exclusive lock at a time: readers queue behind it for no longer.
constexpr const char* kShortLock = "SET LOCAL lock_timeout = '200ms'";
constexpr const char* kLongLock = "SET LOCAL lock_timeout = '30s'";
constexpr Instant kBetweenTries = 300ms;
constexpr int kTries = 60;  // 30 s in all, as every changing command waits

ContentHash hash_of(const std::string& bytes) {
  ContentHash hash;
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.bytes.size()), hash.bytes.begin());
  return hash;
}

class PostgresRatingWriter final : public RatingWriter {
 public:
  explicit PostgresRatingWriter(const StoreOptions& options)
      : options_{options}, conninfo_{conninfo(options, Purpose::change)} {}
  ~PostgresRatingWriter() override = default;

  LoadFacts begin() override;
  void start(Fill fill) override;
  std::size_t append(std::span<const Rating> rows) override;
  LoadCommit commit(std::span<const LoadedFile> files) override;

  void cancel() noexcept override {
    cancelled_ = true;
    const std::lock_guard guard{cancelling_};
    if (connection_) connection_->cancel();
  }

 private:
  template <typename Work>
  auto guarded(std::string_view attempted, Work&& body);
  Result run(const char* sql, std::initializer_list<Param> params = {});
  template <typename Work>
  void stage(const char* name, Work&& body);

  void connect();
  void abandon();
  std::uint64_t finish_copy(std::span<const LoadedFile> files);
  void store_held_back();
  void lock_table();
  void swap_in();
  LoadCommit close_books(std::span<const LoadedFile> files);

  const StoreOptions options_;
  const std::string conninfo_;
  std::unique_ptr<Connection> connection_;
  std::mutex cancelling_;  ///< guards connection_ itself against cancel()
  std::atomic<bool> cancelled_ = false;
  std::unique_ptr<CopyStream> copy_;  // before connection_'s end
  Fill fill_ = Fill::append;
  std::string child_;
  std::int64_t generation_ = 1;
  ExclusionList excluded_;
  Spool held_back_;
  std::uint64_t sent_ = 0;
  Instant started_{};
  std::vector<StageTime> stages_;
};

void PostgresRatingWriter::connect() {
  auto connection = std::make_unique<Connection>(conninfo_, boot_clock().now() + 5s);
  const std::lock_guard guard{cancelling_};
  connection_ = std::move(connection);
}

/// Rolls back by hanging up: locks must not outlive the failure, whoever still holds this object.
void PostgresRatingWriter::abandon() {
  copy_.reset();
  const std::lock_guard guard{cancelling_};
  connection_.reset();
}

template <typename Work>
auto PostgresRatingWriter::guarded(std::string_view attempted, Work&& body) {
  try {
    if (cancelled_) throw Error{Kind::interrupted, ""};
    return body();
  } catch (const Error& error) {
    abandon();
    if (cancelled_)
      throw Error{Kind::interrupted, std::string{attempted} + ": interrupted, nothing was loaded"};
    if (error.kind() != Kind::guard || !child_.empty()) throw;
    throw waited_for_lock(conninfo_, attempted, "nothing was loaded");
  }
}

Result PostgresRatingWriter::run(const char* sql, std::initializer_list<Param> params) {
  return connection_->execute("loading", sql, std::span<const Param>{params.begin(), params.size()},
                              kNoDeadline);
}

template <typename Work>
void PostgresRatingWriter::stage(const char* name, Work&& body) {
  const auto from = boot_clock().now();
  body();
  stages_.push_back({name, std::chrono::duration_cast<std::chrono::milliseconds>(boot_clock().now() - from)});
}

LoadFacts PostgresRatingWriter::begin() {
  Session session{options_};
  migrate(session);
  return guarded("loading", [&] {
    connect();
    run("BEGIN");
    connection_->execute("waiting for other commands",
                         std::string{"SELECT pg_advisory_xact_lock("} + kChangeLock + ")");
    LoadFacts facts{.empty = run(kEmpty).boolean(0, 0), .live = {}, .foreign_changes = false};
    const auto state = run(kState);
    facts.foreign_changes = state.boolean(0, 0);
    facts.generation = generation_ = state.int8(0, 1);
    const auto live = run(kLive);
    for (int row = 0; row < live.rows(); ++row) facts.live.push_back(hash_of(live.text(row, 0)));
    const auto excluded = run(kExcluded);
    for (int row = 0; row < excluded.rows(); ++row)
      excluded_.exclude(UserId{excluded.int8(row, 0)}, excluded.int8(row, 1));
    return facts;
  });
}

void PostgresRatingWriter::start(Fill fill) {
  guarded("loading", [&] {
    fill_ = fill;
    started_ = boot_clock().now();
    if (fill == Fill::append) {
      copy_ = std::make_unique<CopyStream>(*connection_, "public.ratings", "", "");
      return;
    }
    child_ = run("SELECT ratingsctl.make_child()::text").text(0, 0);
    // FREEZE: nobody can see the new table yet, so its rows may be written as if they were old.
    copy_ = std::make_unique<CopyStream>(*connection_, child_, "", ", FREEZE");
  });
}

std::size_t PostgresRatingWriter::append(std::span<const Rating> rows) {
  return guarded("loading", [&] {
    const auto split = excluded_.split(rows);
    for (const auto& row : split.kept) copy_->add(row);
    held_back_.add(split.held);
    sent_ += split.kept.size();
    return split.held.size();
  });
}

std::uint64_t PostgresRatingWriter::finish_copy(std::span<const LoadedFile> files) {
  const auto stored = copy_->finish();
  copy_.reset();
  std::uint64_t loaded = 0;
  for (const auto& file : files) loaded += file.loaded;
  if (stored != sent_ || stored != loaded) {
    throw Error{Kind::store, "loading: the server stored " + std::to_string(stored) + " rows of " +
                                 std::to_string(loaded) + "; nothing was loaded, please report this"};
  }
  return stored;
}

void PostgresRatingWriter::store_held_back() {
  if (held_back_.size() == 0) return;
  const auto generation = generation_ + (fill_ == Fill::replace ? 1 : 0);
  CopyStream quarantine{*connection_, "ratingsctl.quarantine",
                        "(user_id, movie_id, rating, \"timestamp\", batch, generation, held_back)", ""};
  std::vector<Rating> rows(4096);
  for (auto count = held_back_.read(rows); count > 0; count = held_back_.read(rows)) {
    for (const auto& row : std::span{rows}.first(count))
      quarantine.add_held_back(row, excluded_.batch_of(row.user).value(), generation);
  }
  if (quarantine.finish() != held_back_.size()) {
    throw Error{Kind::store,
                "loading: the server did not store every row of an excluded user; nothing was loaded, please "
                "report this"};
  }
}

void PostgresRatingWriter::lock_table() {
  run(kShortLock);
  for (int attempt = 1;; ++attempt) {
    run("SAVEPOINT before_lock");
    try {
      run("LOCK TABLE public.ratings IN ACCESS EXCLUSIVE MODE");
      break;
    } catch (const Error& error) {
      if (error.kind() != Kind::guard) throw;
      if (attempt == kTries) throw waited_for_lock(conninfo_, "loading", "nothing was loaded");
      run("ROLLBACK TO SAVEPOINT before_lock");
    }
    boot_clock().sleep_until(boot_clock().now() + kBetweenTries);
    if (cancelled_) throw Error{Kind::interrupted, ""};
  }
  run(kLongLock);
}

void PostgresRatingWriter::swap_in() {
  lock_table();
  if (fill_ == Fill::first && !run(kEmpty).boolean(0, 0)) {
    throw Error{Kind::guard,
                "loading: somebody wrote into the empty table meanwhile; nothing was loaded, run it again "
                "with --append or --replace"};
  }
  run("SELECT ratingsctl.swap_child($1::text::regclass)", {child_});
}

LoadCommit PostgresRatingWriter::close_books(std::span<const LoadedFile> files) {
  if (fill_ != Fill::append) run(kForget);
  const auto position =
      run(kPosition, {param(fill_ == Fill::replace ? 1 : 0), fill_ == Fill::append ? "false" : "true"});
  std::string names;
  std::uint64_t loaded = 0;
  for (const auto& file : files) {
    const auto number = [](std::uint64_t value) { return Param{std::to_string(value)}; };
    run(kLedger, {to_hex(file.hash), file.name, number(file.bytes), number(file.read), number(file.loaded),
                  number(file.rejected), number(file.excluded)});
    names += (names.empty() ? "" : ", ") + file.name;
    loaded += file.loaded;
  }
  run(kAudit, {operator_name(), "load", std::to_string(loaded), names});
  return {.generation = position.int8(0, 0),
          .committed = {},
          .wait = std::chrono::milliseconds{position.int8(0, 1)},
          .stages = {}};
}

LoadCommit PostgresRatingWriter::commit(std::span<const LoadedFile> files) {
  return guarded("loading", [&] {
    finish_copy(files);
    store_held_back();
    stages_.push_back(
        {"copy", std::chrono::duration_cast<std::chrono::milliseconds>(boot_clock().now() - started_)});
    if (fill_ != Fill::append) {
      stage("index", [&] {
        run(kIndexMemory);
        connection_->execute("indexing", "CREATE INDEX ON " + child_ + " (user_id)");
      });
      stage("analyse", [&] { connection_->execute("analysing", "ANALYZE " + child_); });
      stage("swap", [&] { swap_in(); });
    }
    LoadCommit done;
    stage("commit", [&] {
      done = close_books(files);
      const auto xid = run("SELECT pg_current_xact_id()::text").text(0, 0);
      if (cancelled_) throw Error{Kind::interrupted, ""};
      try {
        run("COMMIT");
      } catch (const Error& error) {
        if (!connection_->broken()) throw;
        log::warn("COMMIT was not answered, asking what became of it: {}", error.what());
        require_committed(conninfo_, xid, "loading");
      }
      done.committed = boot_clock().now();
    });
    done.stages = stages_;
    return done;
  });
}

}  // namespace

std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options) {
  return std::make_unique<PostgresRatingWriter>(options);
}

}  // namespace ratings::postgres
