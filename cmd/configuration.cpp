#include "configuration.hpp"

#include "config_file.hpp"
#include "suggest.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace ratings::cmd {
namespace {

/// What changes data, or says where to look: a forgotten line in a file must not do that.
constexpr std::array<std::string_view, 8> kCommandLineOnly{
    "replace", "append", "again", "hard", "yes", "lift", "dry-run", "prune-older-than"};

bool is_command_line_only(std::string_view option) {
  return std::find(kCommandLineOnly.begin(), kCommandLineOnly.end(), option) != kCommandLineOnly.end();
}

/// The long name, also of what works on the command line only.
std::string long_name(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  if (names.empty() || names.front() == "help" || names.front() == "version") return {};
  return names.front();
}

CLI::Option* find_option(CLI::App& app, const std::string& name) {
  for (auto* option : app.get_options()) {
    if (!name.empty() && long_name(*option) == name) return option;
  }
  return nullptr;
}

/// The names that may stand in a file.
std::set<std::string> keys(CLI::App& app) {
  std::set<std::string> names;
  for (const auto* option : app.get_options()) {
    if (const auto name = setting_name(*option); !name.empty() && name != "config") names.insert(name);
  }
  return names;
}

/// CLI11 takes any number for a flag's value, and a number with letters behind it too.
bool is_switch_value(const std::string& value) {
  constexpr std::array<std::string_view, 9> known{"true", "false", "yes", "no", "on", "off", "1", "0"};
  return std::find(known.begin(), known.end(), value) != known.end();
}

void fill(CLI::Option& option, const std::vector<std::string>& values, const std::string& source) {
  const bool is_switch = option.get_items_expected_max() == 0;
  if (values.empty()) throw Error{Kind::usage, source + ": the list is empty; leave the key out"};
  if (values.size() > 1 && option.get_expected_max() <= 1)
    throw Error{Kind::usage,
                source + ": one value is expected, and this is a list of " + std::to_string(values.size())};
  if (is_switch && !std::all_of(values.begin(), values.end(), is_switch_value)) {
    throw Error{Kind::usage, source + ": a switch is true or false"};
  }
  try {
    for (const auto& value : values) option.add_result(value);
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    throw Error{Kind::usage, source + ": " + error.what()};
  }
}

/// What is filled in, and what is kept about it.
struct Filling {
  CLI::App& app;
  CLI::App& command;
  const OnProblem& on_problem;
  Origins origins;

  /// Runs `step`; its problem ends this step only, if on_problem returns.
  template <typename Step>
  void attempt(Step step) {
    try {
      step();
    } catch (const Error& problem) {
      on_problem(problem);
    }
  }

  /// To an alternative that was given where it counts for more.
  [[nodiscard]] bool gives_way(const CLI::Option& option, Source source) const {
    const auto alternatives = option.get_excludes();
    return std::any_of(alternatives.begin(), alternatives.end(), [&](const CLI::Option* other) {
      const auto found = origins.find(other);
      return found != origins.end() && found->second.source < source;
    });
  }

  void give(CLI::Option& option, const std::vector<std::string>& values, const std::string& name,
            Origin origin) {
    if (option.count() > 0 || gives_way(option, origin.source)) return;
    origin.understood = false;
    auto& noted = origins[&option] = std::move(origin);
    fill(option, values, name);
    noted.understood = true;
  }
};

void note_flags(const CLI::App& app, Origins& origins) {
  for (const auto* option : app.get_options()) {
    if (option->count() > 0) origins[option] = {.source = Source::flag, .place = {}};
  }
}

void fill_from_environment(CLI::App& app, const Environment& environment, Filling& filling) {
  for (auto* option : app.get_options()) {
    const auto name = long_name(*option);
    if (name.empty()) continue;
    const auto variable = variable_name(name);
    const auto value = environment(variable);
    if (!value) continue;
    const auto source = "environment variable " + variable;
    filling.attempt([&] {
      if (is_command_line_only(name))
        throw Error{Kind::usage, std::string{source}.append(": --").append(name).append(
                                     " works on the command line only")};
      filling.give(*option, {*value}, source, {.source = Source::environment, .place = variable});
    });
  }
}

/// --config and RATINGSCTL_CONFIG must exist; the usual places need not.
std::optional<std::filesystem::path> config_path(CLI::App& app, const Environment& environment) {
  const auto* option = find_option(app, "config");
  if (option != nullptr && option->count() > 0) return option->as<std::string>();
  return default_config_path(environment);
}

/// A file's entries, matched with the options of the application and of its sub-commands.
class ConfigFile {
 public:
  ConfigFile(Filling& filling, std::filesystem::path path)
      : filling_{filling}, path_{std::move(path)}, entries_{read_config_file(path_)} {}

  /// What stands in the section of the chosen command wins over the top level.
  void apply() {
    refuse_doubles();
    for (const bool own_section : {true, false}) {
      for (const auto& entry : entries_) {
        filling_.attempt([&] {
          auto& command = section(entry);
          if ((&command == &filling_.command) == own_section) apply(entry, command);
        });
      }
    }
  }

 private:
  [[nodiscard]] std::string name(const ConfigEntry& entry) const {
    return "configuration file " + entry.place(path_) +
           (entry.key.empty() ? ": section [" + entry.section + "]" : ": key '" + entry.name() + "'");
  }
  [[noreturn]] void fail(const ConfigEntry& entry, const std::string& why) const {
    throw Error{Kind::usage, name(entry) + " " + why};
  }

  void refuse_doubles() {
    std::set<std::string> seen;
    for (const auto& entry : entries_) {
      filling_.attempt([&] {
        if (!seen.insert(entry.name()).second) fail(entry, "stands there twice");
      });
    }
  }

  /// The sub-command of [section], or the application itself at the top level.
  [[nodiscard]] CLI::App& section(const ConfigEntry& entry) const {
    if (entry.section.empty()) return filling_.app;
    std::vector<std::string> names;
    for (auto* command : all_commands()) {
      if (command->get_name() == entry.section) return *command;
      names.push_back(command->get_name());
    }
    fail(entry, "is unknown: no command has that name" + did_you_mean(nearest(entry.section, names)));
  }

  void apply(const ConfigEntry& entry, CLI::App& command) {
    const auto& key = entry.key;
    if (key.empty()) return;
    auto* option = find_option(command, key);
    const bool shared = option == nullptr && &command != &filling_.app;
    if (shared) option = find_option(filling_.app, key);
    if (option == nullptr) fail(entry, "is unknown" + hint(entry, command));
    if (is_command_line_only(key) || key == "config") fail(entry, "works on the command line only");
    // Of another command's section only the key is checked: the option is shared with this one.
    if (shared && &command != &filling_.command) return;
    filling_.give(*option, entry.values, name(entry), {.source = Source::file, .place = entry.place(path_)});
  }

  [[nodiscard]] std::string hint(const ConfigEntry& entry, CLI::App& command) const {
    if (entry.section.empty()) {
      for (auto* owner : all_commands()) {
        if (find_option(*owner, entry.key) != nullptr)
          return "; it belongs into section [" + owner->get_name() + "]";
      }
    }
    auto known = keys(command);
    known.merge(keys(filling_.app));
    return did_you_mean(nearest(entry.key, {known.begin(), known.end()}));
  }

  [[nodiscard]] std::vector<CLI::App*> all_commands() const {
    return filling_.app.get_subcommands([](CLI::App*) { return true; });
  }

  Filling& filling_;
  std::filesystem::path path_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::string variable_name(const std::string& option) {
  std::string name = "RATINGSCTL_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string setting_name(const CLI::Option& option) {
  auto name = long_name(option);
  return is_command_line_only(name) ? std::string{} : name;
}

Origins complete_options(CLI::App& app, CLI::App& command, const Environment& environment,
                         const OnProblem& on_problem) {
  Filling filling{.app = app, .command = command, .on_problem = on_problem, .origins = {}};
  note_flags(app, filling.origins);
  note_flags(command, filling.origins);
  fill_from_environment(app, environment, filling);
  fill_from_environment(command, environment, filling);
  filling.attempt([&] {
    if (const auto path = config_path(app, environment)) ConfigFile{filling, *path}.apply();
  });
  return filling.origins;
}

Origins complete_options(CLI::App& app, const Environment& environment) {
  return complete_options(app, *app.get_subcommands().front(), environment,
                          [](const Error& problem) { throw Error{problem}; });
}

}  // namespace ratings::cmd
