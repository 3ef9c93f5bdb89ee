#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// How many columns a terminal gives to UTF-8 text: two for a wide letter (CJK, most emoji), none for an
/// accent of its own. A byte that is not UTF-8 counts one.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// `text` in at most `width` columns; what was left out is one "…".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

/// `text` in lines of at most `width` columns, parted at blanks, and within a word only if it is longer. At
/// least one line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace ratings::cmd
