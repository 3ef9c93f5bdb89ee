#include "sqlite/clean_up.hpp"

#include "core/operator_name.hpp"
#include "core/utf8.hpp"
#include "sqlite/files.hpp"
#include "sqlite/journal.hpp"
#include "sqlite/schema.hpp"
#include "store/batch_state.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace ratings::sqlite {
namespace {

constexpr const char* kMakeBatch =
    "INSERT INTO ratingsctl_batch (kind, who, reason, generation) VALUES (?1, ?2, ?3, ?4) RETURNING seq";
constexpr const char* kCloseBatch = "UPDATE ratingsctl_batch SET users = ?2, rows = ?3 WHERE seq = ?1";
constexpr const char* kBatches =
    "SELECT b.name, b.kind, b.at, b.who, b.reason, b.users, b.rows, "
    "       (SELECT count(*) FROM ratingsctl_quarantine AS q WHERE q.batch = b.seq), "
    "       b.undone_at IS NOT NULL, b.generation < p.generation, b.pruned_at IS NOT NULL "
    "FROM ratingsctl_batch AS b CROSS JOIN ratingsctl_position AS p ORDER BY b.seq DESC";

class SqliteCleanUp final : public CleanUp {
 public:
  SqliteCleanUp(const StoreOptions& options, Patience patience) : target_{options, patience} {}

  CleanUpResult purge(const PurgeRequest& request) override {
    if (request.dry_run) return rehearsed(request);
    auto result = in_change([&](Change& change) { return sqlite::purge(change, request); });
    // Also when there was nothing left to erase: somebody may have been reading when there was.
    if (request.hard) result.traces_left = !empty_log(target_.path, target_.patience.readers, cancelled_);
    return result;
  }
  UndoResult undo(const UndoRequest& request) override {
    if (request.dry_run) return rehearsed(request);
    return in_change([&](Change& change) { return sqlite::undo(change, request); });
  }
  DedupeResult dedupe(const DedupeRequest& request) override {
    if (request.dry_run) return rehearsed(request);
    return in_change([&](Change& change) { return sqlite::dedupe(change, request); });
  }
  std::vector<BatchInfo> batches() override;
  void cancel() noexcept override { cancelled_ = true; }

 private:
  template <typename Work>
  std::invoke_result_t<Work, Change&> in_change(Work work) {
    Change change{target_, Missing::refuse, cancelled_};
    change.database().execute(kOverwrite);
    auto result = work(change);
    if (!result.batch) {
      result.committed = boot_clock().now();
      result.wait = change.wait();
    }
    return result;
  }

  template <typename Request>
  auto rehearsed(const Request& request) -> decltype(rehearse(std::declval<Database&>(), request)) {
    Reading reading{target_, cancelled_};
    return rehearse(reading.database(), request);
  }

  const Target target_;
  std::atomic<bool> cancelled_ = false;
};

std::vector<BatchInfo> SqliteCleanUp::batches() {
  Reading reading{target_, cancelled_};
  std::vector<BatchInfo> batches;
  auto row = reading.database().prepare(kBatches);
  while (row.step()) {
    BatchInfo batch{.batch = row.text(0),
                    .kind = row.text(1),
                    .at = row.text(2),
                    .who = row.text(3),
                    .reason = row.text(4),
                    .users = static_cast<std::uint64_t>(row.integer(5)),
                    .rows = static_cast<std::uint64_t>(row.integer(6)),
                    .held = static_cast<std::uint64_t>(row.integer(7)),
                    .state = {}};
    batch.state = batch_state({.kind = batch.kind,
                               .undone = row.integer(8) != 0,
                               .superseded = row.integer(9) != 0,
                               .held = batch.held > 0,
                               .pruned = row.integer(10) != 0});
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace

Reading::Reading(const Target& target, const std::atomic<bool>& cancelled)
    : database_{present(target.path), Open::existing, target.patience.other_programs, &cancelled},
      snapshot_{as_reader(database_, target.path, std::nullopt)} {
  require_schema(database_, target.path);
}

Batch make_batch(Change& change, const std::string& kind, const std::string& reason) {
  auto made = change.database().prepare(kMakeBatch);
  auto text = as_utf8(reason);
  made.bind(kind, operator_name(), text, change.generation());
  std::int64_t seq = 0;
  while (made.step()) seq = made.integer(0);
  // The name is as the column `name` says.
  return {.seq = seq, .name = kind + "-" + std::to_string(seq), .reason = std::move(text)};
}

void close_batch(Change& change, const Batch& batch, const CleanUpResult& result) {
  change.database().prepare(kCloseBatch).bind(batch.seq, result.user_count, result.rows).run();
}

void finish(Change& change, const Batch& batch, CleanUpResult& result) {
  change.audit(
      {.batch = batch.name, .users = result.user_count, .rows = result.rows, .detail = batch.reason});
  const auto committed = change.commit();
  result.batch = batch.name;
  result.committed = committed.at;
  result.wait = committed.wait;
}

std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options, Patience patience) {
  return std::make_unique<SqliteCleanUp>(options, patience);
}

}  // namespace ratings::sqlite
