#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace ratings::cmd {

/// An option without the value it takes.
struct MissingValue {
  std::string message;
  const CLI::App* command = nullptr;  ///< whose arguments they are; the application itself before a command
};

/// The first option in `words` whose value is missing: nothing stands behind its `=`, or another option
/// stands where the value belongs. CLI11 takes the next word for the value in both cases, so that `purge-user
/// --reason= --dry-run 1` would purge. Asked before CLI11 parses; `app` is only read.
[[nodiscard]] std::optional<MissingValue> missing_value(const CLI::App& app,
                                                        const std::vector<std::string>& words);

}  // namespace ratings::cmd
