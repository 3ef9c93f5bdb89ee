#include "core/utf8.hpp"

#include <cstddef>

namespace ratings {
namespace {

unsigned at(std::string_view text, std::size_t place) {
  return place < text.size() ? static_cast<unsigned char>(text[place]) : 0;
}

bool continues(unsigned byte) { return (byte & 0xC0U) == 0x80U; }

/// How many bytes the character at the front has; 0 when there is none.
std::size_t length(std::string_view text) {
  const auto first = at(text, 0);
  const auto second = at(text, 1);
  if (first != 0 && first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(second) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    // No overlong forms, no surrogates.
    const unsigned least = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned most = first == 0xED ? 0x9F : 0xBF;
    return second >= least && second <= most && continues(at(text, 2)) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned least = first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = first == 0xF4 ? 0x8F : 0xBF;
    return second >= least && second <= most && continues(at(text, 2)) && continues(at(text, 3)) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string as_utf8(std::string_view text) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    if (const auto size = length(text); size > 0) {
      result += text.substr(0, size);
      text.remove_prefix(size);
    } else {
      result += {'\\', 'x', kHex[at(text, 0) >> 4U], kHex[at(text, 0) & 15U]};
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace ratings
