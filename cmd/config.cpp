// ratingsctl config: the settings of every command, and where each value comes from.
#include "command_line.hpp"
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "suggest.hpp"
#include "table.hpp"

#include <algorithm>
#include <set>

namespace ratings::cmd {
namespace {

struct ConfigOptions {
  std::optional<Format> format;
};

struct Setting {
  std::string name;                  ///< as in the file: "serve.port"; or a variable that is no option
  std::optional<std::string> value;  ///< as one would write it; without secrets
  std::optional<Origin> origin;      ///< nullopt: the default
};

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

std::optional<std::string> default_value(const CLI::Option& option, const std::string& command,
                                         const Environment& environment) {
  const auto name = setting_name(option);
  if (name == "store") {
    const auto path = default_store_path(environment);
    return path ? std::optional{"sqlite:" + path->string()} : std::nullopt;
  }
  if (name == "config") {
    const auto path = default_config_path(environment);
    return path ? std::optional{path->string()} : std::nullopt;
  }
  if (name == "log-level") return default_log_level(command);
  if (option.get_items_expected_max() == 0) return "false";
  return option.get_default_str().empty() ? std::nullopt : std::optional{option.get_default_str()};
}

/// What may hold a password is shown without it, and not at all when nobody knows where it ends.
std::string shown(const CLI::Option& option, const Origin& origin) {
  auto text = joined(option.results());
  if (!option.get_type_name().starts_with("URL")) return text;
  return origin.understood ? redacted(text) : "***";
}

Setting setting(const CLI::Option& option, const std::string& command, const Origins& origins,
                const Environment& environment) {
  Setting result{.name = setting_name(option), .value = {}, .origin = {}};
  if (const auto found = origins.find(&option); found != origins.end()) {
    result.value = shown(option, found->second);
    result.origin = found->second;
  } else {
    result.value = default_value(option, command, environment);
  }
  return result;
}

std::vector<Setting> settings_of(const CLI::App& app, const std::string& command, const Origins& origins,
                                 const Environment& environment) {
  std::vector<Setting> list;
  for (const auto* option : app.get_options()) {
    if (!setting_name(*option).empty()) list.push_back(setting(*option, command, origins, environment));
  }
  return list;
}

/// The files are named, not read.
Setting password_file(const std::string& variable, const Environment& environment) {
  const auto path = environment(variable);
  return {.name = variable,
          .value = path,
          .origin =
              path ? std::optional{Origin{.source = Source::environment, .place = variable}} : std::nullopt};
}

bool same(const Setting& one, const Setting& other) {
  const auto place = [](const Setting& setting) { return setting.origin ? setting.origin->place : ""; };
  return one.value == other.value && place(one) == place(other);
}

/// Each command is filled in as if it were run, in an application of its own: a section of the file may
/// change what is common to all.
class Listing {
 public:
  Listing(const CLI::App& parsed, const Origins& origins, Environment environment)
      : environment_{std::move(environment)} {
    const auto& own = *parsed.get_subcommand("config");
    for (const auto* app : {&parsed, &own}) {
      for (const auto* option : app->get_options()) {
        const auto found = origins.find(option);
        if (found != origins.end() && found->second.source == Source::flag)
          (app == &own ? own_flags_ : flags_).push_back(option);
      }
    }
    top_ = list("config").first;
    settings = top_;
    for (const auto* variable : {"RATINGSCTL_STORE_PASSWORD_FILE", "RATINGSCTL_CACHE_PASSWORD_FILE"})
      settings.push_back(password_file(variable, environment_));
    for (const auto* command : parsed.get_subcommands([](const CLI::App*) { return true; }))
      add(command->get_name());
  }

  std::vector<Setting> settings;
  std::vector<std::string> problems;

 private:
  /// What is common to all commands, and the command's own.
  std::pair<std::vector<Setting>, std::vector<Setting>> list(const std::string& name) {
    CommandLine line{environment_};
    auto& command = *line.app->get_subcommand(name);
    repeat(flags_, *line.app);
    if (name == "config") repeat(own_flags_, command);
    const auto origins = complete_options(*line.app, command, environment_,
                                          [&](const Error& problem) { note(name, problem.what()); });
    return {settings_of(*line.app, name, origins, environment_),
            settings_of(command, name, origins, environment_)};
  }

  static void repeat(const std::vector<const CLI::Option*>& flags, CLI::App& app) {
    for (const auto* flag : flags) {
      auto& option = *app.get_option("--" + setting_name(*flag));
      for (const auto& value : flag->results()) option.add_result(value);
      option.run_callback();
    }
  }

  void add(const std::string& command) {
    auto [common, own] = list(command);
    for (std::size_t i = 0; i < common.size(); ++i) {
      if (!same(common[i], top_[i])) own.insert(own.begin(), common[i]);
    }
    for (auto& each : own) {
      each.name.insert(0, command + ".");
      settings.push_back(std::move(each));
    }
  }

  /// What is wrong for every command is said once, and first.
  void note(const std::string& command, const std::string& problem) {
    if (!known_.insert(problem).second) return;
    problems.push_back(command == "config" ? problem : command + ": " + problem);
  }

  Environment environment_;
  std::vector<const CLI::Option*> flags_;      ///< of every command
  std::vector<const CLI::Option*> own_flags_;  ///< of config itself
  std::vector<Setting> top_;
  std::set<std::string> known_;
};

Json as_json(const Listing& listing) {
  auto settings = Json::object();
  for (const auto& setting : listing.settings) {
    constexpr const char* kSources[]{"flag", "environment", "file"};
    const auto& origin = setting.origin;
    settings[setting.name] = {
        {"value", setting.value ? Json(*setting.value) : Json()},
        {"source", origin ? kSources[static_cast<std::size_t>(origin->source)] : "default"},
        {"place", origin && !origin->place.empty() ? Json(origin->place) : Json()}};
  }
  return {{"settings", std::move(settings)}, {"problems", listing.problems}};
}

std::string source_text(const std::optional<Origin>& origin) {
  if (!origin) return "default";
  switch (origin->source) {
    case Source::flag:
      return "flag";
    case Source::environment:
      return "environment " + origin->place;
    case Source::file:
      break;
  }
  return "file " + origin->place;
}

std::string as_table(const Listing& listing) {
  constexpr auto kLeft = Table::Align::left;
  Table table{{{"setting"}, {"value", kLeft, Table::Fit::wrap}, {"source", kLeft, Table::Fit::wrap}}};
  for (const auto& setting : listing.settings)
    table.row({setting.name, printable(setting.value.value_or("-")), printable(source_text(setting.origin))});
  return for_stdout(table);
}

/// A mistyped variable has no effect, and nothing else would say so. Only a warning: it may be somebody
/// else's.
void warn_about_unknown_variables(const Listing& listing) {
  constexpr std::string_view kPrefix = "RATINGSCTL_";
  std::vector<std::string> known;
  for (const auto& setting : listing.settings) {
    const auto name = setting.name.substr(setting.name.find('.') + 1);
    known.push_back(name.starts_with(kPrefix) ? name.substr(kPrefix.size())
                                              : variable_name(name).substr(kPrefix.size()));
  }
  for (const auto& variable : variables_with_prefix(kPrefix)) {
    const auto name = variable.substr(kPrefix.size());
    const auto refused = "environment variable " + variable + ":";  // not for every command: named already
    const bool named =
        std::any_of(listing.problems.begin(), listing.problems.end(),
                    [&](const auto& problem) { return problem.find(refused) != std::string::npos; });
    if (named || std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto meant = nearest(name, known);
    if (meant) meant->insert(0, kPrefix);
    complain(printable("warning: environment variable " + variable + " is no setting" + did_you_mean(meant)));
  }
}

ExitCode run_config(const CLI::App& app, const Origins& origins, const Settings& settings,
                    const ConfigOptions& options) {
  const Listing listing{app, origins, settings.environment};
  print(options.format == Format::json ? to_line(as_json(listing)) : as_table(listing));
  flush_output();  // both may go to one place
  for (const auto& problem : listing.problems) complain(printable(problem));
  warn_about_unknown_variables(listing);
  return listing.problems.empty() ? ExitCode::done : ExitCode::usage;
}

}  // namespace

void add_config(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<ConfigOptions>();
  auto* command = app.add_subcommand("config", "Show the settings of every command and where they come from");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command,
               "  ratingsctl config\n"
               "  ratingsctl config -o json | jq -r '.settings[\"serve.port\"].value'\n",
               "0 done, 2 usage, also for a setting that a command would refuse");
  command->callback([&app, &selected, options] {
    selected.on_problem = [](const Error&) {};  // all of them are listed, with everything else
    selected.run = [&app, &selected, options](const Settings& settings) {
      return run_config(app, selected.origins, settings, *options);
    };
  });
}

}  // namespace ratings::cmd
