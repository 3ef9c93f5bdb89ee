#pragma once

#include "environment.hpp"

#include "ratings/error.hpp"

#include <functional>
#include <map>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ratings::cmd {

/// From the strongest to the weakest.
enum class Source { flag, environment, file };

/// Where a value came from. An option that has none has its default.
struct Origin {
  Source source = Source::flag;
  std::string place;       ///< the variable's name, or the file with the line
  bool understood = true;  ///< else nobody knows what the value holds
};
using Origins = std::map<const CLI::Option*, Origin>;

/// RATINGSCTL_MEMORY_CACHE for memory-cache.
[[nodiscard]] std::string variable_name(const std::string& option);

/// The long name of what can be set in the environment and in a file; empty for positionals, --help, and what
/// works on the command line only.
[[nodiscard]] std::string setting_name(const CLI::Option& option);

/// What to do about a value that cannot be used. To return is to go on with the next one.
using OnProblem = std::function<void(const Error& problem)>;

/// Gives the options of `app` and of its `command` that the command line left out their values: environment,
/// then configuration file. `app` has been parsed, or has been given what stood on the command line.
///
/// Done here and not by CLI11, whose order is another (a file beats the environment) and which drops values
/// that do not fit without a word. The values go through the options' own checks. The problems are
/// Error{usage} and name the variable or the file and key; a file that cannot be read is one too.
Origins complete_options(CLI::App& app, CLI::App& command, const Environment& environment,
                         const OnProblem& on_problem);

/// The same for the command that was parsed; throws the first problem.
Origins complete_options(CLI::App& app, const Environment& environment);

}  // namespace ratings::cmd
