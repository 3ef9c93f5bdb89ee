#include "environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <unistd.h>

namespace ratings::cmd {
namespace {

/// The XDG specification: a relative path is invalid and to be ignored.
std::optional<std::filesystem::path> base_folder(const Environment& environment, const char* variable,
                                                 const char* below_home) {
  if (const auto given = environment(variable); given && given->starts_with('/')) return *given;
  if (const auto home = environment("HOME")) return std::filesystem::path{*home} / below_home;
  return std::nullopt;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody changes it
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::vector<std::string> variables_with_prefix(std::string_view prefix) {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with(prefix)) names.emplace_back(text.substr(0, text.find('=')));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::filesystem::path> default_store_path(const Environment& environment) {
  const auto folder = base_folder(environment, "XDG_DATA_HOME", ".local/share");
  if (!folder) return std::nullopt;
  return *folder / "ratingsctl" / "ratings.db";
}

std::optional<std::filesystem::path> default_config_path(const Environment& environment) {
  std::error_code ignored;
  if (const auto folder = base_folder(environment, "XDG_CONFIG_HOME", ".config")) {
    auto own = *folder / "ratingsctl" / "config.toml";
    if (std::filesystem::exists(own, ignored)) return own;
  }
  std::filesystem::path system = "/etc/ratingsctl/config.toml";
  if (std::filesystem::exists(system, ignored)) return system;
  return std::nullopt;
}

}  // namespace ratings::cmd
