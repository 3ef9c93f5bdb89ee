#include "postgres/clean_up.hpp"

#include "core/operator_name.hpp"
#include "core/utf8.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"
#include "store/batch_state.hpp"

namespace ratings::postgres {
namespace {

constexpr const char* kMakeBatch =
    "INSERT INTO ratingsctl.batch (kind, who, reason, generation) "
    "SELECT $1, $2, $3, generation FROM ratingsctl.position RETURNING seq, name, kind, generation, "
    "reason";
constexpr const char* kCloseBatch =
    "UPDATE ratingsctl.batch SET users = $2, rows = $3 WHERE seq = $1 AND $4::text <> 'undo'";
constexpr const char* kAudit =
    "INSERT INTO ratingsctl.audit (who, command, batch, users, rows, detail) VALUES ($1, $2, $3, $4, $5, $6)";
constexpr const char* kOwnPosition =
    "UPDATE ratingsctl.position SET own_pos = CASE WHEN own_pos = pos - $1 THEN pos ELSE own_pos END "
    "RETURNING wait_ms";
constexpr const char* kWait = "SELECT wait_ms FROM ratingsctl.position";

class PostgresCleanUp final : public CleanUp {
 public:
  explicit PostgresCleanUp(const StoreOptions& options) : session_{options} {}

  CleanUpResult purge(const PurgeRequest& request) override {
    require_schema_for(request.dry_run);
    return postgres::purge(session_, request);
  }
  UndoResult undo(const UndoRequest& request) override {
    require_schema_for(request.dry_run);
    return postgres::undo(session_, request);
  }
  DedupeResult dedupe(const DedupeRequest& request) override {
    require_schema_for(request.dry_run);
    return postgres::dedupe(session_, request);
  }
  std::vector<BatchInfo> batches() override;
  void cancel() noexcept override { session_.cancel(); }

 private:
  /// A rehearsal only reads.
  void require_schema_for(bool dry_run) { dry_run ? require_schema(session_) : migrate_existing(session_); }

  Session session_;
};

std::vector<BatchInfo> PostgresCleanUp::batches() {
  require_schema(session_);
  const auto result =
      session_.read("listing the batches", [](pqxx::work& work) { return exec_bound(work, sql::batches); });
  std::vector<BatchInfo> batches;
  for (const auto& row : result) {
    const auto held = row["held"].as<std::uint64_t>();
    const auto kind = row["kind"].as<std::string>();
    batches.push_back({.batch = row["name"].as<std::string>(),
                       .kind = kind,
                       .at = row["at"].as<std::string>(),
                       .who = row["who"].as<std::string>(),
                       .reason = row["reason"].as<std::string>(),
                       .users = row["users"].as<std::uint64_t>(),
                       .rows = row["rows"].as<std::uint64_t>(),
                       .held = held,
                       .state = batch_state({.kind = kind,
                                             .undone = row["undone"].as<bool>(),
                                             .superseded = row["superseded"].as<bool>(),
                                             .held = held > 0,
                                             .pruned = row["pruned"].as<bool>()})});
  }
  return batches;
}

}  // namespace

std::string user_array(std::span<const UserId> users) {
  std::string text = "{";
  for (const auto user : users) text += (text.size() > 1 ? "," : "") + std::to_string(user.value);
  return text + "}";
}

RowsByUser rows_by_user(const pqxx::result& result) {
  RowsByUser rows;
  for (const auto& row : result) rows[UserId{row[0].as<std::int64_t>()}] = row[1].as<std::uint64_t>();
  return rows;
}

std::uint64_t total(const RowsByUser& rows) {
  std::uint64_t sum = 0;
  for (const auto& [user, count] : rows) sum += count;
  return sum;
}

Batch make_batch(pqxx::work& work, const std::string& kind, const std::string& reason) {
  const auto made = exec_bound(work, kMakeBatch, kind, operator_name(), as_utf8(reason));
  return {.seq = made[0][0].as<std::int64_t>(),
          .name = made[0][1].as<std::string>(),
          .kind = made[0][2].as<std::string>(),
          .generation = made[0][3].as<std::int64_t>(),
          .reason = made[0][4].as<std::string>()};
}

std::chrono::milliseconds finish(pqxx::work& work, const std::string& command, const Batch& batch,
                                 const CleanUpResult& result, int statements) {
  exec_bound(work, kCloseBatch, batch.seq, result.user_count, result.rows, command);
  exec_bound(work, kAudit, operator_name(), command, batch.name, result.user_count, result.rows,
             batch.reason);
  return std::chrono::milliseconds{exec_bound(work, kOwnPosition, statements)[0][0].as<int>()};
}

std::chrono::milliseconds present_wait(pqxx::work& work) {
  return std::chrono::milliseconds{exec_bound(work, kWait)[0][0].as<int>()};
}

std::unique_ptr<CleanUp> open_clean_up(const StoreOptions& options) {
  return std::make_unique<PostgresCleanUp>(options);
}

}  // namespace ratings::postgres
