#include "config_file.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>

namespace ratings::cmd {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"'";  // a key may be quoted
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Where each key stands first, which CLI11's reader does not tell. Only for messages: a spelling that this
/// simple reader does not know has no line.
std::map<std::string, std::size_t> key_lines(const std::string& text) {
  std::map<std::string, std::size_t> lines;
  std::istringstream input{text};
  std::string section;
  std::string line;
  for (std::size_t number = 1; std::getline(input, line); ++number) {
    const auto content = trimmed(line);
    if (content.starts_with('[')) {
      section = std::string{trimmed(content.substr(1, content.find(']') - 1))} + ".";
    } else if (!content.starts_with('#')) {
      lines.emplace(section + std::string{trimmed(content.substr(0, content.find('=')))}, number);
    }
  }
  return lines;
}

std::string content(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file{path};
  if (!file || std::filesystem::is_directory(path, ignored)) {
    const std::string why = file ? "is a directory" : std::strerror(errno);
    throw Error{Kind::usage, "cannot read the configuration file " + path.string() + ": " + why};
  }
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (file.bad()) throw Error{Kind::usage, "cannot read the configuration file " + path.string()};
  return text;
}

}  // namespace

std::string ConfigEntry::place(const std::filesystem::path& path) const {
  return path.string() + (line > 0 ? ":" + std::to_string(line) : "");
}

std::vector<ConfigEntry> read_config_file(const std::filesystem::path& path) {
  const auto text = content(path);
  const auto lines = key_lines(text);
  std::vector<ConfigEntry> entries;
  try {
    std::istringstream input{text};
    for (auto& item : CLI::ConfigTOML{}.from_config(input)) {
      if (item.name == "++" || item.name == "--") continue;  // the borders of sections
      const auto found = lines.find(item.fullname());
      entries.push_back({.item = std::move(item), .line = found == lines.end() ? 0 : found->second});
    }
  } catch (const CLI::Error& error) {
    throw Error{Kind::usage, "configuration file " + path.string() + ": " + error.what()};
  }
  return entries;
}

}  // namespace ratings::cmd
