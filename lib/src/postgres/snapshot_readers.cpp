#include "postgres/snapshot_readers.hpp"

#include "core/side_by_side.hpp"

#include <atomic>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnecting = 5s;  // as every command
constexpr auto kBeginning = 40s;  // longer than the lock_timeout, which says more

void begin(Connection& connection, const std::string& snapshot) {
  const auto run = [&](const std::string& sql) {
    connection.execute("reading beside a change", sql, {}, boot_clock().now() + kBeginning);
  };
  run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  run("SET TRANSACTION SNAPSHOT '" + snapshot + "'");
  // Children too, and at once: whoever waits for an exclusive lock waits for the change, and a child first
  // touched later would wait for him.
  run("LOCK TABLE public.ratings IN ACCESS SHARE MODE");
}

}  // namespace

SnapshotReaders::SnapshotReaders(pqxx::work& work, const std::string& conninfo, std::size_t count,
                                 std::function<void()> give_up)
    : give_up_{std::move(give_up)} {
  const auto snapshot = exec_bound(work, "SELECT pg_export_snapshot()")[0][0].as<std::string>();
  for (std::size_t number = 0; number < count; ++number) {
    auto& connection =
        connections_.emplace_back(std::make_unique<Connection>(conninfo, boot_clock().now() + kConnecting));
    begin(*connection, snapshot);
  }
}

void SnapshotReaders::each(std::size_t tasks, const Task& task) {
  std::atomic<std::size_t> next = 0;
  side_by_side(
      connections_.size(),
      [&](std::size_t lane) {
        for (auto number = next++; number < tasks; number = next++) {
          give_up_();
          task(lane, *connections_[lane], number);
        }
      },
      [&] { next = tasks; });
}

}  // namespace ratings::postgres
