#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ratings::cmd {

/// What a shell must know to complete a command line, taken from the command line's own tree: a script made
/// of it cannot be behind.
struct CompletedWord {
  std::string type;                 ///< "FORMAT", for shells that show it; empty: takes no value
  std::vector<std::string> values;  ///< all that it may be; empty: anything
  bool is_file = false;
};

struct CompletedOption {
  std::vector<std::string> names;  ///< with their dashes
  std::string description;
  CompletedWord value;
  bool repeated = false;
};

struct CompletedCommand {
  std::string name;
  std::string description;
  std::vector<CompletedOption> options;  ///< without those of every command
  CompletedWord argument;                ///< its positional, none: takes none
};

struct CompletionModel {
  std::vector<CompletedOption> options;  ///< of every command
  std::vector<CompletedCommand> commands;
};

[[nodiscard]] CompletedWord completed_word(const CLI::Option& option);
[[nodiscard]] CompletionModel completion_model(const CLI::App& app);

}  // namespace ratings::cmd
