#pragma once

#include "csv_support.hpp"

namespace ratings::test {

/// The grammar of line_parser.hpp once more, as slowly and plainly as possible: the whole text in memory, one
/// character after the other. What BlockReader and BlockParser are compared with. Only for a text whose first
/// line is a header.
[[nodiscard]] Outcome read_csv_slowly(const std::string& text);

}  // namespace ratings::test
