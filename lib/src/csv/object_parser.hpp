#pragma once

#include "csv/line_parser.hpp"

#include <string_view>
#include <variant>

namespace ratings::csv {

// A line of NDJSON, as `export -o ndjson` writes it:
//
//   {"user_id":1,"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"}
//
// Its keys may come in any order and with any JSON white space around them; each is there once, and no other.
// Numbers have no sign, ids no fraction and no exponent; the ranges are those of a row in CSV. The time is
// UTC, in just this form.

/// True when `line` is meant to be a JSON object: `{` is its first byte but for blanks.
[[nodiscard]] bool begins_object(std::string_view line) noexcept;

/// A whole line without its line end.
[[nodiscard]] std::variant<Rating, Mistake> parse_object(std::string_view line);

}  // namespace ratings::csv
