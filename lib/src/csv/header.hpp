#pragma once

#include "csv/line_parser.hpp"

#include <string>

namespace ratings::csv {

/// What a file's first line says.
struct FirstLine {
  Layout layout;
  bool is_row = false;  ///< there is no header; the line is a row already
};

/// Finds the columns by name, in any case, underscores ignored, other columns between them. A line with none
/// of the names that parses as a row: a file without a header, in the order of kColumnNames. One that begins
/// an object: NDJSON, whose first line may be bad like any other. Throws Error{input} beginning with `where`
/// ("FILE:1: ") otherwise.
[[nodiscard]] FirstLine read_first_line(std::string_view line, char delimiter, const std::string& where);

}  // namespace ratings::csv
