#include "config_file.hpp"

#include "config_text.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

namespace ratings::cmd {
namespace {

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

/// The lines of a file: [section], or key = value.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_{text} {
    text_.take("\xef\xbb\xbf");  // an editor's mark that the file is in UTF-8
  }

  std::vector<ConfigEntry> entries() {
    for (text_.skip_space(); !text_.at_end(); text_.skip_space()) {
      if (text_.take("["))
        section();
      else
        key();
      text_.end_line();
    }
    leave_section();
    return std::move(entries_);
  }

 private:
  void section() {
    leave_section();
    header_ = {.section = {}, .key = {}, .values = {}, .line = text_.line()};
    text_.skip_blanks();
    header_.section = text_.name();
    text_.skip_blanks();
    if (!text_.take("]")) throw ConfigFault{.why = "the section is not closed by ]", .line = text_.line()};
    if (!sections_.insert(header_.section).second)
      throw ConfigFault{.why = "section [" + header_.section + "] stands there twice", .line = text_.line()};
    empty_ = true;
  }

  /// An empty section is an entry, so that its name is looked at.
  void leave_section() {
    if (empty_) entries_.push_back(header_);
    empty_ = false;
  }

  void key() {
    constexpr const char* kExpected = "expected is key = value or [section]";
    ConfigEntry entry{.section = header_.section, .key = {}, .values = {}, .line = text_.line()};
    try {
      entry.key = text_.name();
    } catch (const ConfigFault&) {
      throw ConfigFault{.why = kExpected, .line = entry.line};
    }
    text_.skip_blanks();
    if (!text_.take("=")) throw ConfigFault{.why = kExpected, .line = entry.line};
    text_.skip_blanks();
    // serve.port = 1 is [serve] port = 1.
    if (const auto dot = entry.key.rfind('.'); dot != std::string::npos) {
      entry.section += (entry.section.empty() ? "" : ".") + entry.key.substr(0, dot);
      entry.key.erase(0, dot + 1);
    }
    try {
      entry.values = text_.value();
    } catch (ConfigFault& fault) {
      fault.why.insert(0, "key '" + entry.name() + "': ");
      throw;
    }
    entries_.push_back(std::move(entry));
    empty_ = false;
  }

  ConfigText text_;
  ConfigEntry header_;
  bool empty_ = false;  ///< no key since the header
  std::set<std::string> sections_;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::string ConfigEntry::name() const { return section.empty() ? key : section + "." + key; }

std::string ConfigEntry::place(const std::filesystem::path& path) const {
  return path.string() + ":" + std::to_string(line);
}

std::vector<ConfigEntry> read_config_file(const std::filesystem::path& path) {
  return parse_config(content(path), path);
}

std::vector<ConfigEntry> parse_config(std::string_view text, const std::filesystem::path& path) {
  try {
    return Lines{text}.entries();
  } catch (const ConfigFault& fault) {
    throw Error{Kind::usage,
                "configuration file " + path.string() + ":" + std::to_string(fault.line) + ": " + fault.why};
  }
}

}  // namespace ratings::cmd
