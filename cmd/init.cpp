// ratingsctl init: creates or upgrades the schema; sets Δ.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "values.hpp"

#include "ratings/admin.hpp"

namespace ratings::cmd {
namespace {

struct InitOptions {
  std::optional<std::chrono::milliseconds> delta;
  std::optional<Format> format;
};

std::string summary(const SchemaReport& report, const InitOptions& options) {
  std::string text;
  const auto version = std::to_string(report.now);
  if (report.found == report.now) {
    text = "schema version " + version + " is up to date\n";
  } else if (report.found == 0) {
    text = "created schema version " + version + "\n";
  } else {
    text = "upgraded the schema from version " + std::to_string(report.found) + " to " + version + "\n";
  }
  for (const auto& table : report.repaired)
    text += "put the triggers of " + table + " back, of which some were missing or disabled\n";
  if (options.delta) text += "delta is " + std::to_string(options.delta->count()) + " ms\n";
  return text;
}

ExitCode run_init(const Settings& settings, const InitOptions& options) {
  const auto admin = open_store_admin(store_options(settings, "init"));
  const auto report = admin->ensure_schema();
  if (options.delta) admin->set_delta(*options.delta);
  const Json json = {{"found", report.found},
                     {"schema", report.now},
                     {"repaired", report.repaired},
                     {"delta_ms", options.delta ? Json(options.delta->count()) : Json()}};
  print(options.format == Format::json ? to_line(json) : summary(report, options));
  return ExitCode::done;
}

}  // namespace

void add_init(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<InitOptions>();
  auto* command = app.add_subcommand("init", "Create or upgrade the schema");
  add_value(*command, "--delta", options->delta, parse_milliseconds,
            "how old a server's check of the store may be; 0: checked for every request")
      ->type_name("MS");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command, "  ratingsctl init --delta 1000\n",
               "0 done, 2 usage, 4 no store, 5 not ours, newer or held by another command");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_init(settings, *options); };
  });
}

}  // namespace ratings::cmd
