#pragma once

#include <CLI/CLI.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace ratings::cmd {

/// A key of a configuration file, with its place.
struct ConfigEntry {
  CLI::ConfigItem item;
  std::size_t line = 0;  ///< 0: not known

  /// "/etc/ratingsctl/config.toml:3".
  [[nodiscard]] std::string place(const std::filesystem::path& path) const;
};

/// The keys of a TOML file, in its order. Throws Error{usage} when it cannot be read.
[[nodiscard]] std::vector<ConfigEntry> read_config_file(const std::filesystem::path& path);

}  // namespace ratings::cmd
