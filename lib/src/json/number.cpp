#include "json/number.hpp"

#include "ratings/history_view.hpp"

#include <array>
#include <charconv>
#include <cstdlib>

namespace ratings::json {
namespace {

template <typename Number>
void append_number(std::string& text, Number value) {
  std::array<char, 32> buffer;  // the longest are int64 (20) and a shortest float (15)
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  text.append(buffer.data(), end);
}

/// `value` >= 0 as the shortest digits without an exponent.
std::string plain_digits(double value) {
  std::array<char, 400> buffer;  // the smallest double needs 324 decimals
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed).ptr;
  return {buffer.data(), end};
}

}  // namespace

void append_score(std::string& text, float score) { append_number(text, score); }
void append_integer(std::string& text, std::int64_t value) { append_number(text, value); }
void append_integer(std::string& text, std::uint64_t value) { append_number(text, value); }

std::string two_decimals(double value) {
  const std::string digits = plain_digits(std::abs(value));
  const auto point = digits.find('.');
  const std::string whole = digits.substr(0, point);
  const std::string decimals = (point == std::string::npos ? "" : digits.substr(point + 1)) + "000";

  auto hundredths = std::strtoull((whole + decimals.substr(0, 2)).c_str(), nullptr, 10);
  if (decimals[2] >= '5') ++hundredths;

  std::string text = value < 0 && hundredths != 0 ? "-" : "";
  append_integer(text, std::uint64_t{hundredths / 100});
  const auto rest = hundredths % 100;
  if (rest == 0) return text;
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) text += static_cast<char>('0' + rest % 10);
  return text;
}

}  // namespace ratings::json

namespace ratings {

std::string format_score(float score) {
  std::string text;
  json::append_score(text, score);
  return text;
}

}  // namespace ratings
