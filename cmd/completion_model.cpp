#include "completion_model.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>

namespace ratings::cmd {
namespace {

CompletedOption completed(const CLI::Option& option) {
  CompletedOption result;
  for (const auto& name : option.get_snames()) result.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) result.names.push_back("--" + name);
  result.description = option.get_description();
  result.value = completed_word(option);
  result.repeated = option.get_expected_max() > 1;
  return result;
}

std::vector<CompletedOption> options(const CLI::App& app) {
  std::vector<CompletedOption> list;
  for (const auto* option : app.get_options()) {
    if (option->nonpositional()) list.push_back(completed(*option));
  }
  return list;
}

CompletedCommand command(const CLI::App& app) {
  CompletedCommand result;
  result.name = app.get_name();
  result.description = app.get_description();
  result.options = options(app);
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) result.argument = completed_word(*option);
  }
  return result;
}

}  // namespace

/// "FORMAT:{table,json}" is how CLI11 tells what an option takes.
CompletedWord completed_word(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const auto text = option.get_type_name();
  CompletedWord word{.type = text.substr(0, text.find(':')), .values = {}, .is_file = false};
  word.is_file = word.type == "FILE";
  const auto open = text.find('{');
  const auto close = text.find('}');
  if (open == std::string::npos || close == std::string::npos) return word;
  std::istringstream list{text.substr(open + 1, close - open - 1)};
  for (std::string value; std::getline(list, value, ',');) word.values.push_back(value);
  return word;
}

CompletionModel completion_model(const CLI::App& app) {
  CompletionModel model;
  model.options = options(app);
  for (const auto* each : app.get_subcommands([](const CLI::App*) { return true; }))
    model.commands.push_back(command(*each));
  return model;
}

}  // namespace ratings::cmd
