#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// A variable's value; nullopt when it is not set or empty (Compose hands over ${VARIABLE:-} as an empty
/// one). Passed on, not global, so that tests own it.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

[[nodiscard]] Environment process_environment();
/// The process's own variables whose names begin so, in order.
[[nodiscard]] std::vector<std::string> variables_with_prefix(std::string_view prefix);

/// $XDG_DATA_HOME/ratingsctl/ratings.db, ~/.local/share without it; nullopt without a home (XDG Base
/// Directory).
[[nodiscard]] std::optional<std::filesystem::path> default_store_path(const Environment& environment);
/// The user's file, then /etc/ratingsctl/config.toml; the first that exists, or nullopt.
[[nodiscard]] std::optional<std::filesystem::path> default_config_path(const Environment& environment);

}  // namespace ratings::cmd
