#include "letters.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>

namespace ratings::cmd {
namespace {

/// C.UTF-8 is part of Debian's libc-bin. Kept until the end: making it reads a file, and a table of 100,000
/// users has 300,000 cells.
locale_t utf8_locale() {
  static const auto kMade = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kMade;
}

/// The C library's tables for UTF-8, whatever the user's locale is.
class Utf8 {
 public:
  Utf8() {
    if (utf8_locale() != nullptr) before_ = uselocale(utf8_locale());
  }
  ~Utf8() {
    if (before_ != nullptr) uselocale(before_);
  }
  Utf8(const Utf8&) = delete;
  Utf8& operator=(const Utf8&) = delete;

 private:
  locale_t before_ = nullptr;
};

struct Letter {
  std::string_view bytes;
  std::size_t width = 1;
};

std::vector<Letter> letters(std::string_view text) {
  const Utf8 utf8;
  std::vector<Letter> list;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t code = 0;
    auto length = std::mbrtowc(&code, text.data(), text.size(), &state);
    std::size_t width = 1;
    if (length == 0 || length > text.size()) {  // NUL, or not UTF-8
      length = 1;
      state = {};
    } else {
      width = static_cast<std::size_t>(std::max(wcwidth(code), 0));
    }
    list.push_back({.bytes = text.substr(0, length), .width = width});
    text.remove_prefix(length);
  }
  return list;
}

/// As many letters of `text` as go into `width` columns, but at least one.
std::size_t fitting_bytes(std::string_view text, std::size_t width) {
  std::size_t bytes = 0;
  std::size_t columns = 0;
  for (const auto& letter : letters(text)) {
    columns += letter.width;
    if (columns > width && bytes > 0) break;
    bytes += letter.bytes.size();
  }
  return bytes;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const auto& letter : letters(text)) width += letter.width;
  return width;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string{text};
  if (width < 2) return std::string{"…"}.substr(0, width == 0 ? 0 : std::string::npos);
  auto kept = text.substr(0, fitting_bytes(text, width - 1));
  while (kept.ends_with(' ')) kept.remove_suffix(1);
  return std::string{kept} + "…";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (display_width(text) > width) {
    const auto fits = fitting_bytes(text, width);
    auto end = text.rfind(' ', fits);  // a blank right behind the line ends it as well
    if (end == std::string_view::npos || end == 0) end = fits;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
    if (text.empty()) return lines;
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace ratings::cmd
