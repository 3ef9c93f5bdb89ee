#include "core/log.hpp"
#include "core/operator_name.hpp"
#include "core/side_by_side.hpp"
#include "core/utf8.hpp"
#include "postgres/change_hints.hpp"
#include "postgres/child_load.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/copy_stream.hpp"
#include "postgres/leftovers.hpp"
#include "postgres/load_facts.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/row_router.hpp"
#include "postgres/sql.hpp"
#include "postgres/swap_lock.hpp"

#include "ratings/error.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWritten =
    "SELECT pos <> $1 OR ($2::boolean AND EXISTS (SELECT 1 FROM public.ratings)) FROM ratingsctl.position";
constexpr const char* kForget = "UPDATE ratingsctl.load_ledger SET live = false WHERE live";
constexpr const char* kLedger =
    "INSERT INTO ratingsctl.load_ledger (generation, hash, name, bytes, read, loaded, rejected, excluded, "
    "pos) "
    "SELECT generation, decode($1, 'hex'), $2, $3, $4, $5, $6, $7, pos FROM ratingsctl.position";
constexpr const char* kLoadAudit =
    "INSERT INTO ratingsctl.audit (who, command, rows, detail) VALUES ($1, $2, $3, $4)";
// $2: every row of the table is ours now; else pos moved by one COPY or swap, and own_pos follows if it was
// in step.
constexpr const char* kPosition =
    "UPDATE ratingsctl.position SET generation = generation + $1::bigint, "
    "own_pos = CASE WHEN $2::boolean OR own_pos = pos - 1 THEN pos ELSE own_pos END RETURNING generation, "
    "wait_ms::bigint";

class PostgresRatingWriter final : public RatingWriter {
 public:
  explicit PostgresRatingWriter(const StoreOptions& options)
      : options_{options}, conninfo_{conninfo(options, Purpose::change)}, preparing_{options} {}
  ~PostgresRatingWriter() override { abandon(); }
  PostgresRatingWriter(const PostgresRatingWriter&) = delete;
  PostgresRatingWriter& operator=(const PostgresRatingWriter&) = delete;

  LoadFacts begin() override;
  void start(Fill fill, std::size_t connections) override;
  std::size_t append(std::span<const Rating> rows) override;
  LoadCommit commit(std::span<const LoadedFile> files, const StageWatch& entering) override;

  void cancel() noexcept override {
    cancelled_ = true;
    preparing_.cancel();
    const std::lock_guard guard{cancelling_};
    if (connection_) connection_->cancel();
    for (const auto& child : children_) {
      if (child) child->cancel();
    }
  }

 private:
  template <typename Work>
  auto guarded(std::string_view attempted, Work&& body);
  [[nodiscard]] Error interrupted(std::string_view attempted) const;
  Result run(const char* sql, std::initializer_list<Param> params = {});
  template <typename Work>
  void for_each_child(Work&& work);

  void connect();
  void abandon() noexcept;
  void take_lock();
  void make_children(std::size_t count);
  void finish_copy(std::span<const LoadedFile> files);
  void store_held_back();
  void swap_in();
  LoadCommit close_books(std::span<const LoadedFile> files);
  void commit_transaction();
  void send_hint() noexcept;

  const StoreOptions options_;
  const std::string conninfo_;
  Session preparing_;                       ///< of begin()
  std::unique_ptr<Connection> connection_;  ///< holds the writers' lock from begin() to the end
  std::mutex cancelling_;                   ///< guards connection_ and children_ themselves against cancel()
  std::atomic<bool> cancelled_ = false;
  std::vector<std::unique_ptr<ChildLoad>> children_;  ///< of a bulk load
  std::unique_ptr<CopyStream> append_;                ///< of Fill::append; gone before connection_
  std::unique_ptr<RowRouter> router_;
  bool children_left_ = false;        ///< committed, and not swapped in
  std::optional<Wanted> waited_for_;  ///< a lock, in vain
  Fill fill_ = Fill::append;
  bool held_ = false;  ///< as in LoadFacts
  std::int64_t generation_ = 1;
  std::int64_t position_ = 0;  ///< when the load began
  ExclusionList excluded_;
};

void PostgresRatingWriter::connect() {
  auto connection = std::make_unique<Connection>(conninfo_, boot_clock().now() + 5s);
  const std::lock_guard guard{cancelling_};
  connection_ = std::move(connection);
}

/// Rolls back by hanging up: locks must not outlive the failure, whoever still holds this object.
void PostgresRatingWriter::abandon() noexcept {
  router_.reset();
  append_.reset();
  {
    const std::lock_guard guard{cancelling_};
    children_.clear();
    connection_.reset();
  }
  if (!std::exchange(children_left_, false)) return;
  try {
    Session session{options_};
    remove_leftovers(session);
  } catch (const std::exception& error) {
    log::warn("the tables of this load are left behind, the next load removes them reason={}",
              log::quoted(error.what()));
  }
}

Error PostgresRatingWriter::interrupted(std::string_view attempted) const {
  return Error{Kind::interrupted, std::string{attempted} + ": interrupted, nothing was loaded",
               Outcome::told};
}

template <typename Work>
auto PostgresRatingWriter::guarded(std::string_view attempted, Work&& body) {
  try {
    if (cancelled_) throw interrupted(attempted);
    return body();
  } catch (const Error& error) {
    const auto own_pid = connection_ ? PQbackendPID(connection_->raw()) : 0;
    // Asked while our own locks still stand: whoever waits for those would be taken for the holder as soon as
    // they fall.
    std::optional<Error> waited;
    try {
      if (waited_for_ && error.kind() == Kind::guard && !cancelled_)
        waited = waited_for_lock(conninfo_, attempted, "nothing was loaded", *waited_for_, own_pid);
    } catch (const Error& unanswered) {
      log::debug("the holder of the lock is not known: {}", unanswered.what());
    }
    abandon();
    if (cancelled_ && error.outcome() != Outcome::unknown) throw interrupted(attempted);
    if (waited) throw *waited;
    throw;
  }
}

Result PostgresRatingWriter::run(const char* sql, std::initializer_list<Param> params) {
  return connection_->execute("loading", sql, std::span<const Param>{params.begin(), params.size()},
                              kNoDeadline);
}

template <typename Work>
void PostgresRatingWriter::for_each_child(Work&& work) {
  side_by_side(children_.size(), [&](std::size_t number) { work(*children_[number]); });
}

LoadFacts PostgresRatingWriter::begin() {
  migrate(preparing_);
  remove_leftovers(preparing_);
  return guarded("loading", [&] {
    connect();
    take_lock();
    // Of a load that was killed while we waited for its lock. They go in a transaction of their own, whatever
    // becomes of ours; each turn needs another load that is killed meanwhile.
    const std::string leftovers{sql::leftovers};
    while (run(leftovers.c_str()).rows() > 0) {
      run("ROLLBACK");
      remove_leftovers(preparing_);
      take_lock();
    }
    preparing_.hang_up();
    auto basis = read_load_basis(*connection_);
    held_ = basis.facts.held;
    generation_ = basis.facts.generation;
    position_ = basis.position;
    excluded_ = std::move(basis.excluded);
    return std::move(basis.facts);
  });
}

void PostgresRatingWriter::take_lock() {
  // The lock first, then the look.
  run("BEGIN");
  waited_for_ = Wanted::lock;
  run((std::string{"SELECT pg_advisory_xact_lock("} + kChangeLock + ")").c_str());
  waited_for_.reset();
  run(kPatient);
}

void PostgresRatingWriter::start(Fill fill, std::size_t connections) {
  guarded("loading", [&] {
    fill_ = fill;
    std::vector<CopyStream*> streams;
    if (fill == Fill::append) {
      // Through the parent, in the transaction of the lock: its triggers see every row.
      append_ = std::make_unique<CopyStream>(*connection_, "public.ratings", kCopiedColumns, "");
      streams.push_back(append_.get());
    } else {
      make_children(connections);
      for (const auto& child : children_) streams.push_back(&child->rows());
    }
    router_ = std::make_unique<RowRouter>(excluded_, std::move(streams));
  });
}

void PostgresRatingWriter::make_children(std::size_t count) {
  {
    const std::lock_guard guard{cancelling_};
    children_.resize(count);
  }
  side_by_side(count, [&](std::size_t number) {
    auto child = std::make_unique<ChildLoad>(conninfo_, count, number);
    const std::lock_guard guard{cancelling_};
    children_[number] = std::move(child);
  });
}

std::size_t PostgresRatingWriter::append(std::span<const Rating> rows) {
  return guarded("loading", [&] {
    // Without the lock's connection nothing will be swapped in. A COPY over it notices by itself.
    if (!append_) connection_->notice_loss("loading");
    return router_->route(rows);
  });
}

void PostgresRatingWriter::finish_copy(std::span<const LoadedFile> files) {
  const auto sent = router_->flush();
  std::atomic<std::uint64_t> stored = 0;
  for_each_child([&](ChildLoad& child) { stored += child.finish_copy(); });
  if (append_) {
    waited_for_ = Wanted::rows;  // by its triggers, behind somebody who writes at psql
    stored += append_->finish();
    waited_for_.reset();
  }
  append_.reset();
  std::uint64_t loaded = 0;
  for (const auto& file : files) loaded += file.loaded;
  if (stored == sent && stored == loaded) return;
  throw Error{Kind::store, "loading: the server stored " + std::to_string(stored) + " rows of " +
                               std::to_string(loaded) + ", please report this"};
}

void PostgresRatingWriter::store_held_back() {
  auto& held_back = router_->held_back();
  if (held_back.size() == 0) return;
  const auto generation = generation_ + (replaces(fill_) ? 1 : 0);
  CopyStream quarantine{*connection_, "ratingsctl.quarantine_record",
                        "(user_id, movie_id, rating, \"timestamp\", batch, generation, held_back)", ""};
  CopyRows gathered;
  std::vector<Rating> rows(4096);
  for (auto count = held_back.read(rows); count > 0; count = held_back.read(rows)) {
    for (const auto& row : std::span{rows}.first(count)) {
      gathered.add_held_back(row, excluded_.batch_of(row.user).value(), generation);
      if (gathered.full()) quarantine.put(gathered);
    }
  }
  if (!gathered.empty()) quarantine.put(gathered);
  if (quarantine.finish() != held_back.size()) {
    throw Error{Kind::store,
                "loading: the server did not store every row of an excluded user, please report this"};
  }
}

void PostgresRatingWriter::swap_in() {
  std::string names;
  for (const auto& child : children_) names += (names.empty() ? "{" : ",") + child->name();
  // From here on they are tables like any other, until the swap commits. That is a matter of milliseconds.
  children_left_ = true;
  for_each_child([](ChildLoad& child) { child.commit(); });
  waited_for_ = Wanted::swap;
  lock_for_swap(*connection_, [this] {
    if (cancelled_) throw interrupted("loading");
  });
  waited_for_.reset();
  // Only an explicit --replace says what becomes of rows that others wrote while we read the file.
  const bool written =
      run(kWritten, {param(position_), fill_ == Fill::first ? "true" : "false"}).boolean(0, 0);
  if (fill_ != Fill::replace && written) {
    throw Error{Kind::guard,
                "loading: somebody changed ratings meanwhile; nothing was loaded, run it again "
                "with --append or --replace",
                Outcome::told};
  }
  run("SELECT ratingsctl.swap_children($1::text[]::regclass[])", {names + "}"});
}

LoadCommit PostgresRatingWriter::close_books(std::span<const LoadedFile> files) {
  const bool over = starts_over(fill_, held_);
  if (over) run(kForget);
  const auto position = run(kPosition, {param(replaces(fill_) ? 1 : 0), over ? "true" : "false"});
  std::string names;
  std::uint64_t loaded = 0;
  for (const auto& file : files) {
    const auto number = [](std::uint64_t value) { return Param{std::to_string(value)}; };
    const auto name = as_utf8(file.name);
    run(kLedger, {to_hex(file.hash), name, number(file.bytes), number(file.read), number(file.loaded),
                  number(file.rejected), number(file.excluded)});
    names += (names.empty() ? "" : ", ") + name;
    loaded += file.loaded;
  }
  run(kLoadAudit, {operator_name(), "load", std::to_string(loaded), names});
  return {.generation = position.int8(0, 0),
          .committed = {},
          .wait = std::chrono::milliseconds{position.int8(0, 1)}};
}

void PostgresRatingWriter::commit_transaction() {
  const auto own_name = run(kMarkTransaction).text(0, 0);
  if (cancelled_) throw interrupted("loading");
  // Whatever happens now: only the server knows whether the children are in use.
  const bool children = std::exchange(children_left_, false);
  try {
    run("COMMIT");
  } catch (const Error& error) {
    if (!connection_->broken()) {
      children_left_ = children;
      throw;
    }
    log::warn("COMMIT was not answered, asking what became of it: {}", error.what());
    require_committed(conninfo_, own_name, "loading");
  }
}

void PostgresRatingWriter::send_hint() noexcept try {
  // Only for so long: the load is done, and its caller has to wait for the servers anyway.
  if (!connection_->broken())
    connection_->execute("waking the servers", kSendHint, {}, boot_clock().now() + 1s);
} catch (const std::exception& error) {
  log::debug("the servers were not woken: {}", error.what());
}

LoadCommit PostgresRatingWriter::commit(std::span<const LoadedFile> files, const StageWatch& entering) {
  return guarded("loading", [&] {
    const auto enter = [&](const char* stage) {
      if (!append_) connection_->notice_loss("loading");
      entering(stage);
    };
    enter("copy");
    finish_copy(files);
    store_held_back();
    if (fill_ != Fill::append) {
      enter("index");
      for_each_child([](ChildLoad& child) { child.index(); });
      enter("analyse");
      for_each_child([](ChildLoad& child) { child.analyse(); });
      enter("swap");
      swap_in();
    }
    enter("commit");
    auto done = close_books(files);
    commit_transaction();
    done.committed = confirm_visible();
    send_hint();
    if (fill_ != Fill::append) analyse_ratings(*connection_);
    return done;
  });
}

}  // namespace

std::unique_ptr<RatingWriter> open_rating_writer(const StoreOptions& options) {
  return std::make_unique<PostgresRatingWriter>(options);
}

}  // namespace ratings::postgres
