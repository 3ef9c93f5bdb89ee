#include "configuration.hpp"

#include "ratings/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace ratings::cmd {
namespace {

/// What changes data, or says where to look: a forgotten line in a file must not do that.
constexpr std::array<std::string_view, 8> kCommandLineOnly{"replace", "append", "again",   "hard",
                                                           "yes",     "lift",   "dry-run", "config"};

bool is_command_line_only(std::string_view option) {
  return std::find(kCommandLineOnly.begin(), kCommandLineOnly.end(), option) != kCommandLineOnly.end();
}

/// The long name, or empty for positionals and for what is no setting.
std::string setting_name(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  if (names.empty() || names.front() == "help" || names.front() == "version") return {};
  return names.front();
}

CLI::Option* find_setting(CLI::App& app, const std::string& name) {
  for (auto* option : app.get_options()) {
    if (!name.empty() && setting_name(*option) == name) return option;
  }
  return nullptr;
}

/// CLI11 takes any number for a flag's value, and a number with letters behind it too.
bool is_switch_value(const std::string& value) {
  constexpr std::array<std::string_view, 8> known{"true", "false", "yes", "no", "on", "off", "1", "0"};
  return std::find(known.begin(), known.end(), value) != known.end();
}

void fill(CLI::Option& option, const std::vector<std::string>& values, const std::string& source) {
  const bool is_switch = option.get_items_expected_max() == 0;
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

void fill_from_environment(CLI::App& app, const Environment& environment) {
  for (auto* option : app.get_options()) {
    const auto name = setting_name(*option);
    if (name.empty()) continue;
    const auto variable = variable_name(name);
    const auto value = environment(variable);
    if (!value) continue;
    if (is_command_line_only(name) && name != "config") {
      throw Error{Kind::usage,
                  std::string{"environment variable "}.append(variable).append(": --").append(name).append(
                      " works on the command line only")};
    }
    if (option->count() == 0) fill(*option, {*value}, "environment variable " + variable);
  }
}

/// --config and RATINGSCTL_CONFIG must exist; the usual places need not.
std::optional<std::filesystem::path> config_path(CLI::App& app, const Environment& environment) {
  const auto* option = find_setting(app, "config");
  if (option != nullptr && option->count() > 0) return option->as<std::string>();
  return default_config_path(environment);
}

std::vector<CLI::ConfigItem> read_items(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file{path};
  if (!file || std::filesystem::is_directory(path, ignored)) {
    const std::string why = file ? "is a directory" : std::strerror(errno);
    throw Error{Kind::usage, "cannot read the configuration file " + path.string() + ": " + why};
  }
  try {
    auto items = CLI::ConfigTOML{}.from_config(file);
    // ++ and -- mark the borders of sections.
    std::erase_if(items, [](const auto& item) { return item.name == "++" || item.name == "--"; });
    return items;
  } catch (const CLI::Error& error) {
    throw Error{Kind::usage, "configuration file " + path.string() + ": " + error.what()};
  }
}

/// A file's items, matched with the options of the application and of its sub-commands.
class ConfigFile {
 public:
  ConfigFile(CLI::App& app, const std::filesystem::path& path)
      : app_{app},
        chosen_{app.get_subcommands().front()},
        name_{"configuration file " + path.string()},
        items_{read_items(path)} {}

  /// What stands in the section of the chosen command wins over the top level.
  void apply() {
    std::set<std::string> seen;
    for (const auto& item : items_) {
      if (!seen.insert(item.fullname()).second) fail(item, "stands there twice");
    }
    for (const auto& item : items_) {
      if (section(item) == chosen_) apply(item);
    }
    for (const auto& item : items_) {
      if (section(item) != chosen_) apply(item);
    }
  }

 private:
  [[noreturn]] void fail(const CLI::ConfigItem& item, const std::string& why) const {
    throw Error{Kind::usage, name_ + ": key '" + item.fullname() + "' " + why};
  }

  /// The sub-command of [section], or the application itself at the top level.
  CLI::App* section(const CLI::ConfigItem& item) const {
    if (item.parents.empty()) return &app_;
    for (auto* command : all_commands()) {
      if (item.parents.size() == 1 && command->get_name() == item.parents.front()) return command;
    }
    fail(item, "is unknown: no command has that name");
  }

  void apply(const CLI::ConfigItem& item) const {
    auto* command = section(item);
    auto* option = find_setting(*command, item.name);
    if (option == nullptr && command != &app_) {
      option = find_setting(app_, item.name);
      // Of another command's section only the key is checked: the option is shared with this one.
      if (option != nullptr && !is_command_line_only(item.name) && command != chosen_) return;
    }
    if (option == nullptr) fail(item, "is unknown" + hint(item));
    if (is_command_line_only(item.name)) fail(item, "works on the command line only");
    if (option->count() == 0) fill(*option, item.inputs, name_ + ": key '" + item.fullname() + "'");
  }

  std::string hint(const CLI::ConfigItem& item) const {
    if (!item.parents.empty()) return {};
    for (auto* command : all_commands()) {
      if (find_setting(*command, item.name) != nullptr)
        return "; it belongs into section [" + command->get_name() + "]";
    }
    return {};
  }

  std::vector<CLI::App*> all_commands() const {
    return app_.get_subcommands([](CLI::App*) { return true; });
  }

  CLI::App& app_;
  CLI::App* chosen_;
  std::string name_;
  std::vector<CLI::ConfigItem> items_;
};

}  // namespace

std::string variable_name(const std::string& option) {
  std::string name = "RATINGSCTL_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

void complete_options(CLI::App& app, const Environment& environment) {
  fill_from_environment(app, environment);
  fill_from_environment(*app.get_subcommands().front(), environment);
  if (const auto path = config_path(app, environment)) ConfigFile{app, *path}.apply();
}

}  // namespace ratings::cmd
