#include "core/operator_name.hpp"
#include "sqlite/clean_up.hpp"
#include "sqlite/journal.hpp"

namespace ratings::sqlite {
namespace {

constexpr const char* kOld =
    "SELECT b.seq, b.name, count(*), count(DISTINCT q.user_id) "
    "FROM ratingsctl_batch AS b JOIN ratingsctl_quarantine AS q ON q.batch = b.seq "
    "WHERE b.at <= datetime('now', ?1) GROUP BY b.seq ORDER BY b.seq";
constexpr const char* kEraseBatch = "DELETE FROM ratingsctl_quarantine WHERE batch = ?1";
constexpr const char* kMarkPruned = "UPDATE ratingsctl_batch SET pruned_at = datetime('now') WHERE seq = ?1";

class SqlitePruner final : public Pruner {
 public:
  SqlitePruner(const StoreOptions& options, Patience patience) : target_{options, patience} {}

  PruneResult prune(const PruneRequest& request) override;
  void cancel() noexcept override { cancelled_ = true; }

 private:
  PruneResult erase(const PruneRequest& request);

  const Target target_;
  std::atomic<bool> cancelled_ = false;
};

struct Old {
  std::int64_t seq = 0;
  Change::AuditLine line;
};

std::vector<Old> old_batches(Database& database, const PruneRequest& request) {
  const auto seconds = std::to_string(request.older_than.count());
  std::vector<Old> found;
  auto row = database.prepare(kOld);
  row.bind("-" + seconds + " seconds");
  while (row.step()) {
    found.push_back({.seq = row.integer(0),
                     .line = {.batch = row.text(1),
                              .users = static_cast<std::uint64_t>(row.integer(3)),
                              .rows = static_cast<std::uint64_t>(row.integer(2)),
                              .detail = "pruned, older than " + seconds + " s"}});
  }
  return found;
}

PruneResult result_of(const std::vector<Old>& batches) {
  PruneResult result;
  for (const auto& old : batches) {
    result.batches.push_back({.batch = old.line.batch, .rows = old.line.rows});
    result.rows += old.line.rows;
  }
  return result;
}

PruneResult SqlitePruner::erase(const PruneRequest& request) {
  Change change{target_, Missing::refuse, cancelled_};
  auto& database = change.database();
  database.execute(kOverwrite);
  const auto batches = old_batches(database, request);
  auto erase = database.prepare(kEraseBatch);
  auto mark = database.prepare(kMarkPruned);
  for (const auto& old : batches) {
    erase.bind(old.seq).run();
    mark.bind(old.seq).run();
    change.audit(old.line);
  }
  if (!batches.empty()) change.commit();
  return result_of(batches);
}

PruneResult SqlitePruner::prune(const PruneRequest& request) {
  if (request.dry_run) {
    Reading reading{target_, cancelled_};
    return result_of(old_batches(reading.database(), request));
  }
  auto result = erase(request);
  result.traces_left = !empty_log(target_.path, target_.patience.readers, cancelled_);
  return result;
}

}  // namespace

std::unique_ptr<Pruner> open_pruner(const StoreOptions& options, Patience patience) {
  return std::make_unique<SqlitePruner>(options, patience);
}

}  // namespace ratings::sqlite
