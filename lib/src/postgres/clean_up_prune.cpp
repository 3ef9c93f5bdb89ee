#include "core/operator_name.hpp"
#include "postgres/clean_up.hpp"
#include "postgres/migrations.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"

namespace ratings::postgres {
namespace {

PruneResult result_of(const pqxx::result& rows) {
  PruneResult result;
  for (const auto& row : rows) {
    result.batches.push_back({.batch = row[0].as<std::string>(), .rows = row[1].as<std::uint64_t>()});
    result.rows += result.batches.back().rows;
  }
  return result;
}

class PostgresPruner final : public Pruner {
 public:
  explicit PostgresPruner(const StoreOptions& options) : session_{options} {}

  PruneResult prune(const PruneRequest& request) override {
    const auto seconds = request.older_than.count();
    if (request.dry_run) {
      require_schema(session_);
      return session_.read("rehearsing a pruning", [&](pqxx::work& work) {
        return result_of(exec_bound(work, sql::prune_rehearsal, seconds));
      });
    }
    migrate_existing(session_);
    PruneResult result;
    session_.change("pruning", [&](pqxx::work& work) {
      const auto detail = "pruned, older than " + std::to_string(seconds) + " s";
      result = result_of(exec_bound(work, sql::prune, seconds, operator_name(), detail));
      return result.rows > 0;
    });
    return result;
  }
  void cancel() noexcept override { session_.cancel(); }

 private:
  Session session_;
};

}  // namespace

std::unique_ptr<Pruner> open_pruner(const StoreOptions& options) {
  return std::make_unique<PostgresPruner>(options);
}

}  // namespace ratings::postgres
