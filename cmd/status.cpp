// ratingsctl status: the store at a glance.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "table.hpp"

#include "ratings/admin.hpp"
#include "ratings/cache.hpp"
#include "ratings/clock.hpp"
#include "ratings/replicas.hpp"

#include <algorithm>
#include <iterator>

namespace ratings::cmd {
namespace {

struct StatusOptions {
  std::optional<Format> format;
};

Json loads_json(const StoreStatus& status) {
  auto list = Json::array();
  for (const auto& load : status.last_loads) {
    list.push_back({{"at", load.at},
                    {"name", load.name},
                    {"rows", load.rows},
                    {"rejected", load.rejected},
                    {"generation", load.generation}});
  }
  return list;
}

Json checks_json(const StoreStatus& status) {
  auto list = Json::array();
  for (const auto& check : status.checks) {
    list.push_back({{"name", check.name},
                    {"ok", check.ok},
                    {"blocks_cache", check.blocks_cache},
                    {"detail", check.detail}});
  }
  return list;
}

Json as_json(const StoreStatus& status, const Json& replicas, const std::string& url,
             const std::string& cache) {
  return {{"store", url},
          {"cache", cache},
          {"server", status.server},
          {"schema", status.schema},
          {"rows", status.rows},
          {"quarantined", status.quarantined},
          {"excluded_users", status.excluded_users},
          {"bytes_on_disk", status.bytes_on_disk},
          {"leftover_bytes", status.leftover_bytes},
          {"foreign_changes", status.foreign_changes},
          {"generation", status.position.generation},
          {"position", status.position.now.position},
          {"delta_ms", status.position.delta.count()},
          {"store_id", status.position.store_id},
          {"checks", checks_json(status)},
          {"replicas", replicas},
          {"last_loads", loads_json(status)}};
}

std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMega = 1'000'000;
  return std::to_string((bytes + kMega / 2) / kMega) + " MB";
}

std::string facts(const StoreStatus& status, const std::string& url, const std::string& cache) {
  Table table{{{""}, {"", Table::Align::left, Table::Fit::wrap}}};
  table.row({"store", url});
  table.row({"server", status.server + ", schema version " + std::to_string(status.schema)});
  table.row({"cache", cache});
  table.row(
      {"ratings", counted(status.rows, "row", "rows") + ", " + megabytes(status.bytes_on_disk) + " on disk"});
  if (status.leftover_bytes > 0) {
    table.row({"left over", megabytes(status.leftover_bytes) +
                                " of a load that was killed (or is ending now); the next load removes them"});
  }
  table.row({"quarantine", counted(status.quarantined, "row", "rows") + ", " +
                               counted(status.excluded_users, "user", "users") + " excluded"});
  table.row({"generation", std::to_string(status.position.generation) +
                               (status.foreign_changes ? ", also changed by others than ratingsctl" : "")});
  table.row({"delta", std::to_string(status.position.delta.count()) + " ms"});
  for (const auto& check : status.checks) {
    table.row(
        {"check " + check.name, (check.ok ? "ok" : "NOT OK") +
                                    (check.detail.empty() ? std::string{} : ": " + printable(check.detail))},
        check.ok ? Style::plain : Style::bad);
  }
  return for_stdout(table);
}

std::string last_loads(const StoreStatus& status) {
  if (status.last_loads.empty()) return "no loads yet\n";
  Table table{{{"loaded at (UTC)"},
               {"rows", Table::Align::right},
               {"rejected", Table::Align::right},
               {"generation", Table::Align::right},
               {"file", Table::Align::left, Table::Fit::shorten}}};
  for (const auto& load : status.last_loads) {
    table.row({load.at, std::to_string(load.rows), std::to_string(load.rejected),
               std::to_string(load.generation), printable(load.name)});
  }
  return for_stdout(table);
}

Check redis_check(RedisOptions options, const std::string& store_id) {
  options.store_id = store_id;
  const bool ok = answers(*make_redis_cache(options));
  return {.name = "redis",
          .ok = ok,
          .blocks_cache = false,
          .detail = ok ? "answers" : "cannot be reached, or not all of it; answers come from the store"};
}

/// As `serve` sees them, but now: each is looked at once.
std::vector<ReplicaFigures> look_at_replicas(const StoreOptions& options, const StoreOptions& store,
                                             std::int64_t position) {
  constexpr std::chrono::seconds kPatience{2};
  const auto positions = open_position_reader(store);
  std::vector<ReplicaFigures> found;
  for (const auto& replica : open_replicas(options)) {
    try {
      const auto state = replica.probe->look(boot_clock().now() + kPatience);
      auto& figures = found.emplace_back(measured(replica.name, state, position));
      figures.foreign = !of_history(state, *positions, boot_clock().now() + kPatience);
      figures.up = !figures.foreign;
    } catch (const Error& error) {
      if (error.kind() == Kind::internal) throw;
      found.emplace_back().name = replica.name;
    }
  }
  std::ranges::sort(found, {}, &ReplicaFigures::name);
  return found;
}

Json replicas_json(const std::vector<ReplicaFigures>& replicas) {
  auto list = Json::array();
  for (const auto& replica : replicas) {
    list.push_back({{"name", replica.name},
                    {"up", replica.up},
                    {"lag_positions", replica.up ? Json(replica.behind) : Json()},
                    {"lag_ms", replica.lag ? Json(replica.lag->count()) : Json()}});
  }
  return list;
}

ExitCode run_status(const Settings& settings, const StatusOptions& options) {
  const auto store = store_options(settings, "status");
  const auto replica_settings = replica_options(settings, store);
  auto status = open_store_admin(store)->status();
  std::vector<ReplicaFigures> replicas;
  if (replica_settings) replicas = look_at_replicas(*replica_settings, store, status.position.now.position);
  std::ranges::move(replica_checks(replicas), std::back_inserter(status.checks));
  if (const auto redis = redis_options(settings)) {
    status.checks.push_back(redis_check(*redis, status.position.store_id));
  }
  const auto url = redacted(store.url);
  const auto cache = redacted(settings.cache);
  print(options.format == Format::json ? to_line(as_json(status, replicas_json(replicas), url, cache))
                                       : facts(status, url, cache) + "\n" + last_loads(status));
  return ExitCode::done;
}

}  // namespace

void add_status(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<StatusOptions>();
  auto* command = app.add_subcommand("status", "Show the store at a glance");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command, "  ratingsctl status\n",
               "0 done, 2 usage, 4 no store, 5 the schema is newer, too old to read, or not ours");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_status(settings, *options); };
  });
}

}  // namespace ratings::cmd
