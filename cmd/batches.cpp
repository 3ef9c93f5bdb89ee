// ratingsctl batches: what clean-ups took, newest first.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "table.hpp"

#include "ratings/cleanup.hpp"

namespace ratings::cmd {
namespace {

struct BatchesOptions {
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

ExitCode run_batches(const Settings& settings, const BatchesOptions& options) {
  const auto batches = open_clean_up(store_options(settings, "batches"))->batches();
  print(options.format == Format::json ? to_line(as_json(batches)) : as_table(batches));
  return ExitCode::done;
}

}  // namespace

void add_batches(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<BatchesOptions>();
  auto* command = app.add_subcommand("batches", "List what clean-ups took");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command, "  ratingsctl batches -o json\n", "0 done, 2 usage, 4 no store");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_batches(settings, *options); };
  });
}

}  // namespace ratings::cmd
