#include "misunderstood.hpp"

#include "completion_model.hpp"
#include "suggest.hpp"

#include "ratings/store.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ratings::cmd {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-' && word != "--"; }

const CLI::App* chosen(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? nullptr : commands.front();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

void add_option_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
}

/// What other programs call -o: --format json, --json.
std::optional<std::string> name_elsewhere(const CLI::App& command, const std::string& name) {
  const auto* output = command.get_option_no_throw("--output");
  if (output == nullptr) return std::nullopt;
  if (name == "format") return "--output";
  const auto formats = completed_word(*output).values;
  const bool is_format = std::find(formats.begin(), formats.end(), name) != formats.end();
  return is_format ? std::optional{"-o " + name} : std::nullopt;
}

/// help and version are options here, commands elsewhere.
std::optional<std::string> meant_command(const CLI::App& app, const std::string& word) {
  if (word == "help" || word == "version") return "--" + word;
  return nearest(word, command_names(app));
}

/// The options that may stand where `option` stood: the command's own and those of every command.
std::string unknown_option(const CLI::App& app, const std::string& option) {
  std::vector<std::string> known;
  if (const auto* command = chosen(app); command != nullptr) add_option_names(*command, known);
  add_option_names(app, known);
  const auto name = option.substr(0, option.find('='));
  const auto word = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  if (const auto* command = chosen(app); command != nullptr && command->get_option_no_throw(name) != nullptr)
    return "option '" + name + "' stands before its command; put it behind '" + command->get_name() + "'";
  auto meant = nearest(word, known);
  if (meant) meant = "--" + *meant;
  if (const auto* command = chosen(app); command != nullptr) {
    if (auto elsewhere = name_elsewhere(*command, word)) meant = std::move(elsewhere);
  }
  return "unknown option '" + name + "'" + did_you_mean(meant);
}

}  // namespace

std::string unknown_command(const CLI::App& app) {
  if (chosen(app) != nullptr) return {};
  const auto words = app.remaining(true);
  const auto word = std::find_if_not(words.begin(), words.end(), is_option);
  return word == words.end() ? std::string{} : *word;
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto words = app.remaining(true);
  const auto option = std::find_if(words.begin(), words.end(), is_option);
  const auto command = unknown_command(app);
  // Behind an unknown option stands its value, which is no command; behind an unknown command stand its
  // options, which are unknown with it.
  if (!command.empty() && words.front() == command)
    return "unknown command '" + redacted(command) + "'" + did_you_mean(meant_command(app, command));
  if (option != words.end()) return unknown_option(app, *option);
  if (chosen(app) == nullptr && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return "no command was given";
  if (!words.empty()) return "unexpected argument '" + redacted(words.front()) + "'";
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    std::string text = error.what();
    constexpr std::string_view kExcludes = " excludes ";
    if (const auto at = text.find(kExcludes); at != std::string::npos)
      text.replace(at, kExcludes.size(), " cannot be used together with ");
    return text;
  }
  return error.what();
}

std::string with_pointer(const std::string& message, const CLI::App& app) {
  const auto* command = app.get_parent() != nullptr ? &app : chosen(app);
  const auto name = command == nullptr ? "ratingsctl" : "ratingsctl " + command->get_name();
  return message + (message.ends_with('?') ? " See '" : "; see '") + name + " --help'";
}

}  // namespace ratings::cmd
