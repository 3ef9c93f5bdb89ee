#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace ratings::cmd {

/// Why the arguments were not understood, in one line. CLI11 first says what is missing, which hides the
/// typing error that made it missing: a word nobody knows is named first, with what may have been meant.
[[nodiscard]] std::string explain(const CLI::App& app, const CLI::ParseError& error);

/// A word that was given where a command is expected and is none; empty: there is no such word.
[[nodiscard]] std::string unknown_command(const CLI::App& app);

/// `message` with where help is: that of `app` if it is a command, else that of the command it has parsed.
/// One line.
[[nodiscard]] std::string with_pointer(const std::string& message, const CLI::App& app);

}  // namespace ratings::cmd
