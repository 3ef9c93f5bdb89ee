#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// A key of a configuration file, with its place.
struct ConfigEntry {
  std::string section;  ///< empty: the top of the file
  std::string key;      ///< empty: a section that holds no key
  std::vector<std::string> values;
  std::size_t line = 0;

  /// "serve.port".
  [[nodiscard]] std::string name() const;
  /// "/etc/ratingsctl/config.toml:3".
  [[nodiscard]] std::string place(const std::filesystem::path& path) const;
};

/// The keys of a configuration file, in its order. It is in the subset of TOML that ratingsctl(1) describes.
/// Throws Error{usage} when it cannot be read, and for the first line that is not understood, which is never
/// repeated: it may hold a password.
[[nodiscard]] std::vector<ConfigEntry> read_config_file(const std::filesystem::path& path);

/// The same for a text that was read; `path` is for messages.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, const std::filesystem::path& path);

}  // namespace ratings::cmd
