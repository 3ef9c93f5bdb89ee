#pragma once

#include "arguments.hpp"
#include "commands.hpp"
#include "environment.hpp"
#include "exit_code.hpp"

#include <memory>

namespace ratings::cmd {

/// Every command and option, nothing parsed yet. `config` makes one for each command, to see what it would
/// get; `completion` walks through one.
struct CommandLine {
  explicit CommandLine(Environment environment);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Parses arguments, environment and configuration file, and runs what they say. Once. Throws Error{usage}
  /// for what cannot be understood, and what the command throws.
  [[nodiscard]] ExitCode run(const Arguments& arguments);

  Settings settings;
  Selected selected;
  std::unique_ptr<CLI::App> app;  ///< its options point to the other two
};

/// Whether whoever reads stdout asked for JSON, also when `line` has not understood the rest.
[[nodiscard]] bool wants_json(const CommandLine& line, const Arguments& arguments);

}  // namespace ratings::cmd
