#pragma once

#include "csv/line_parser.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace ratings::csv {

// A value of a row as text ▸ number, in whatever syntax its line is.

template <typename Value>
using Parsed = std::variant<Value, Mistake>;

inline constexpr std::int64_t kMaxUser = INT64_MAX;
inline constexpr std::int64_t kMaxMovie = INT32_MAX;

/// Digits and nothing else, 0 … `max`. `name`: what the reason calls the value.
[[nodiscard]] Parsed<std::int64_t> parse_integer(std::string_view text, const char* name, std::int64_t max);

/// The float nearest to a decimal number, 0 … kMaxScore.
[[nodiscard]] Parsed<float> parse_rating(std::string_view text);

}  // namespace ratings::csv
