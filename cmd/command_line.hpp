#pragma once

#include "arguments.hpp"
#include "environment.hpp"
#include "exit_code.hpp"

namespace ratings::cmd {

/// Parses command line, environment and configuration file, and runs what they say. Throws Error{usage} for
/// what cannot be understood, and what the command throws.
[[nodiscard]] ExitCode run_command_line(const Arguments& arguments, const Environment& environment);

}  // namespace ratings::cmd
