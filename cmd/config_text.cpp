#include "config_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ratings::cmd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_key_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/// What a number or a date consists of.
bool is_number_byte(char c) {
  return is_digit(c) || std::string_view{"+-.:eETZ"}.find(c) != std::string_view::npos;
}

bool ends_word(char c) { return std::string_view{" \t\r\n#,]"}.find(c) != std::string_view::npos; }

/// TOML allows none of them in a string.
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 ? c != '\t' : c == 0x7f; }

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

bool ConfigText::take(std::string_view wanted) {
  if (!text_.substr(at_).starts_with(wanted)) return false;
  at_ += wanted.size();
  return true;
}

bool ConfigText::take_line_end() {
  if (!take("\n") && !take("\r\n")) return false;
  ++line_;
  return true;
}

void ConfigText::skip_blanks() {
  while (take(" ") || take("\t")) {
  }
}

void ConfigText::skip_comment() {
  if (!take("#")) return;
  for (; !at_end() && peek() != '\n'; ++at_) {
    if (is_control(peek()) && !text_.substr(at_).starts_with("\r\n"))
      throw ConfigFault{.why = "a control character stands in the comment", .line = line_};
  }
}

void ConfigText::skip_space() {
  do {
    skip_blanks();
    skip_comment();
  } while (take_line_end());
}

void ConfigText::end_line() {
  skip_blanks();
  skip_comment();
  if (!at_end() && !take_line_end())
    throw ConfigFault{.why = "more stands on the line than is understood; put a text with blanks into quotes",
                      .line = line_};
}

std::string ConfigText::name() {
  const auto begin = at_;
  do {
    const auto part = at_;
    while (is_key_byte(peek())) ++at_;
    if (at_ == part)
      throw ConfigFault{.why = "no name of letters, digits, - and _ stands here", .line = line_};
  } while (take("."));
  return std::string{text_.substr(begin, at_ - begin)};
}

std::vector<std::string> ConfigText::value() {
  if (take("[")) return list();
  return {scalar()};
}

std::vector<std::string> ConfigText::list() {
  const auto begin = line_;
  std::vector<std::string> values;
  for (skip_space(); !take("]"); skip_space()) {
    if (at_end()) throw ConfigFault{.why = "the list is not closed by ]", .line = begin};
    values.push_back(scalar());
    skip_space();
    if (!take(",") && peek() != ']' && !at_end())
      throw ConfigFault{.why = "a comma is missing in the list", .line = line_};
  }
  return values;
}

std::string ConfigText::scalar() {
  if (take("\"")) return quoted();
  if (take("'")) return literal();
  return bare();
}

std::string ConfigText::quoted() {
  std::string out;
  while (!take("\"")) {
    if (at_end() || is_control(peek()))
      throw ConfigFault{.why = "the string is not closed by \" on its line", .line = line_};
    if (take("\\"))
      escape(out);
    else
      out += text_[at_++];
  }
  return out;
}

std::string ConfigText::literal() {
  const auto begin = at_;
  while (!at_end() && peek() != '\'' && !is_control(peek())) ++at_;
  const auto end = at_;
  if (!take("'")) throw ConfigFault{.why = "the string is not closed by ' on its line", .line = line_};
  return std::string{text_.substr(begin, end - begin)};
}

std::string ConfigText::bare() {
  const auto begin = at_;
  while (!at_end() && !ends_word(peek())) ++at_;
  const auto word = text_.substr(begin, at_ - begin);
  const bool number = !word.empty() &&
                      (is_digit(word.front()) || word.front() == '-' || word.front() == '+') &&
                      std::all_of(word.begin(), word.end(), is_number_byte);
  if (!number && word != "true" && word != "false")
    throw ConfigFault{.why = word.empty()
                                 ? "the value is missing"
                                 : "a value without quotes is a number, a date, true or false; put a "
                                   "text into quotes",
                      .line = line_};
  return std::string{word};
}

void ConfigText::escape(std::string& out) {
  constexpr std::string_view kLetters = "btnfr\"\\";
  constexpr std::string_view kBytes = "\b\t\n\f\r\"\\";
  if (take("u")) return code_point(4, out);
  if (take("U")) return code_point(8, out);
  const auto found = at_end() ? std::string_view::npos : kLetters.find(peek());
  if (found == std::string_view::npos)
    throw ConfigFault{
        .why =
            "a \\ in double quotes is followed by one of b t n f r u U \" \\; single quotes take "
            "it as it is",
        .line = line_};
  out += kBytes[found];
  ++at_;
}

void ConfigText::code_point(std::size_t digits, std::string& out) {
  const auto text = text_.substr(at_, digits);
  std::uint32_t code = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (text.size() != digits || failed != std::errc{} || end != text.data() + text.size() || code > 0x10ffff ||
      code == 0 || surrogate)
    throw ConfigFault{.why = "\\u is followed by 4, \\U by 8 hexadecimal digits of a character",
                      .line = line_};
  append_utf8(code, out);
  at_ += digits;
}

}  // namespace ratings::cmd
