#include "csv/row_values.hpp"

#include <charconv>
#include <string>
#include <system_error>

namespace ratings::csv {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

Parsed<std::int64_t> parse_integer(std::string_view text, const char* name, std::int64_t max) {
  const auto mistake = [&](Fault fault, const std::string& what) {
    return Mistake{fault, std::string{name} + " " + shown(text) + what};
  };
  // from_chars would take a minus sign.
  if (text.empty() || !is_digit(text.front())) return mistake(Fault::integer, " is not a whole number");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return mistake(Fault::integer, " is not a whole number");
  if (error != std::errc{} || value > max) {
    return mistake(Fault::range, " is greater than " + std::to_string(max));
  }
  return value;
}

Parsed<float> parse_rating(std::string_view text) {
  // from_chars would take a minus sign, inf and nan.
  const bool number = !text.empty() && (is_digit(text.front()) || text.front() == '.');
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!number || error == std::errc::invalid_argument || end != text.data() + text.size()) {
    return Mistake{Fault::rating, "rating " + shown(text) + " is not a decimal number"};
  }
  if (error != std::errc{}) {
    return Mistake{Fault::range, "rating " + shown(text) + " is too large or too small to be stored"};
  }
  if (value > kMaxScore) return Mistake{Fault::range, "rating " + shown(text) + " is outside 0 to 10"};
  return value;
}

}  // namespace ratings::csv
