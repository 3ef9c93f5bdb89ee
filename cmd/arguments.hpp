#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ratings::cmd {

/// The command line, after its passwords have been taken out of the process's argument list.
struct Arguments {
  std::vector<std::string> values;  ///< without the program's name
  std::vector<std::pair<std::string, std::string>>
      secrets;  ///< an address with a password, and how to show it
};

/// Copies the arguments and overwrites addresses that hold a password in argv itself, where `ps` reads them.
[[nodiscard]] Arguments take_arguments(int argc, char** argv);

/// `text` with every secret replaced: a parser's message may repeat the argument it did not like.
[[nodiscard]] std::string without_secrets(std::string text, const Arguments& arguments);

}  // namespace ratings::cmd
