#pragma once

#include "environment.hpp"

#include <string>

namespace CLI {
class App;
}

namespace ratings::cmd {

/// RATINGSCTL_MEMORY_CACHE for memory-cache.
[[nodiscard]] std::string variable_name(const std::string& option);

/// Gives the options that the command line left out their values: environment, then configuration file.
///
/// Done here and not by CLI11, whose order is another (a file beats the environment) and which drops values
/// that do not fit without a word. The values go through the options' own checks. `app` has been parsed.
/// Throws Error{usage} naming the variable or the file and key.
void complete_options(CLI::App& app, const Environment& environment);

}  // namespace ratings::cmd
