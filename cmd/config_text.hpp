#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// Walks through the values of a configuration file: strings, numbers, dates, true, false, and lists of them.
/// Throws ConfigFault at what is none of them.
class ConfigText {
 public:
  explicit ConfigText(std::string_view text) : text_{text} {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] std::size_t line() const { return line_; }

  /// Takes `wanted` if it stands here.
  bool take(std::string_view wanted);
  void skip_blanks();
  /// Blanks, comments and ends of lines.
  void skip_space();
  /// Nothing but a comment may stand in front of the end of the line.
  void end_line();
  /// A name of letters, digits, _ and -, and dots between such names.
  std::string name();
  /// What stands behind the =; more than one for a list, none for an empty one.
  std::vector<std::string> value();

 private:
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take_line_end();
  void skip_comment();
  std::vector<std::string> list();
  std::string scalar();
  std::string quoted();
  std::string literal();
  std::string bare();
  void escape(std::string& out);
  void code_point(std::size_t digits, std::string& out);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

/// Why a text is not understood; without any of it.
struct ConfigFault {
  std::string why;
  std::size_t line = 0;
};

}  // namespace ratings::cmd
