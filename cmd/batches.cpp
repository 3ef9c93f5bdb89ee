// ratingsctl batches: what clean-ups took, newest first; and the end of what old ones hold.
#include "clean_up_report.hpp"
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "signals.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/cleanup.hpp"

namespace ratings::cmd {
namespace {

struct BatchesOptions {
  std::optional<std::chrono::seconds> prune_older_than;
  bool yes = false;
  bool dry_run = false;
  std::optional<Format> format;
};

Json as_json(const std::vector<BatchInfo>& batches) {
  auto list = Json::array();
  for (const auto& batch : batches) {
    list.push_back({{"batch", batch.batch},
                    {"kind", batch.kind},
                    {"at", batch.at},
                    {"who", batch.who},
                    {"reason", batch.reason},
                    {"users", batch.users},
                    {"rows", batch.rows},
                    {"held", batch.held},
                    {"state", batch.state}});
  }
  return list;
}

std::string as_table(const std::vector<BatchInfo>& batches) {
  if (batches.empty()) return "no batches\n";
  Table table{{{"batch"},
               {"at (UTC)"},
               {"users", Table::Align::right},
               {"rows", Table::Align::right},
               {"held", Table::Align::right},
               {"state"},
               {"who", Table::Align::left, Table::Fit::shorten},
               {"reason", Table::Align::left, Table::Fit::shorten}}};
  for (const auto& batch : batches) {
    table.row({batch.batch, batch.at, std::to_string(batch.users), std::to_string(batch.rows),
               std::to_string(batch.held), batch.state, printable(batch.who), printable(batch.reason)});
  }
  return for_stdout(table);
}

Json as_json(const PruneResult& result) {
  auto list = Json::array();
  for (const auto& batch : result.batches) list.push_back({{"batch", batch.batch}, {"rows", batch.rows}});
  return {{"pruned", std::move(list)}, {"rows", result.rows}};
}

std::string summary(const PruneResult& result, bool rehearsed) {
  if (result.batches.empty()) return "no batch of that age holds rows; nothing was changed\n";
  Table table{{{"batch"}, {"rows", Table::Align::right}}};
  for (const auto& batch : result.batches) table.row({batch.batch, std::to_string(batch.rows)});
  const auto totals = counted(result.rows, "row", "rows") + " in quarantine of " +
                      counted(result.batches.size(), "batch", "batches");
  return for_stdout(table) + (rehearsed ? "would erase " + totals + " for good; nothing was changed\n"
                                        : "erased " + totals + " for good; their users stay excluded\n");
}

ExitCode run_prune(const Settings& settings, const BatchesOptions& options) {
  const auto pruner = open_pruner(store_options(settings, "batches"));
  Interruption interruption{[&pruner] { pruner->cancel(); }};
  interruption.check();
  const bool rehearsed = options.dry_run || !options.yes;
  const auto result = pruner->prune({.older_than = *options.prune_older_than, .dry_run = rehearsed});
  interruption.committed();
  print(options.format == Format::json ? to_line(as_json(result)) : summary(result, rehearsed));
  flush_output();
  complain_about_traces(result.traces_left);
  if (result.traces_left) return ExitCode::remainder;
  if (options.dry_run || options.yes || result.batches.empty()) return ExitCode::done;
  throw Error{Kind::guard,
              "batches --prune-older-than erases rows for good and cannot be undone; repeat it with --yes"};
}

void require_prune(const BatchesOptions& options) {
  if (!options.yes && !options.dry_run) return;
  throw Error{Kind::usage, "batches takes --yes and --dry-run only with --prune-older-than"};
}

ExitCode run_batches(const Settings& settings, const BatchesOptions& options) {
  if (options.prune_older_than) return run_prune(settings, options);
  require_prune(options);
  const auto batches = open_clean_up(store_options(settings, "batches"))->batches();
  print(options.format == Format::json ? to_line(as_json(batches)) : as_table(batches));
  return ExitCode::done;
}

}  // namespace

void add_batches(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<BatchesOptions>();
  auto* command = app.add_subcommand("batches", "List what clean-ups took, erase what old ones hold");
  add_value(*command, "--prune-older-than", options->prune_older_than, parse_age,
            "erase for good what batches of this age hold; their users stay excluded")
      ->type_name("AGE");
  command->add_flag("--yes", options->yes, "needed to prune");
  command->add_flag("--dry-run", options->dry_run, "say what pruning would erase, change nothing");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command,
               "  ratingsctl batches -o json\n"
               "  ratingsctl batches --prune-older-than 90d --dry-run\n",
               "0 done, 2 usage, 3 the store was being read (--yes), 4 no store, 5 refused");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_batches(settings, *options); };
  });
}

}  // namespace ratings::cmd
