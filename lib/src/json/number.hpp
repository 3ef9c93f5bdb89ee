#pragma once

// Numbers as text, for the writers of this folder.

#include <concepts>
#include <cstdint>
#include <string>

namespace ratings::json {

void append_score(std::string& text, float score);
void append_integer(std::string& text, std::int64_t value);
void append_integer(std::string& text, std::uint64_t value);

/// At most two decimals, without trailing zeros: "3.55", "3.5", "4". Rounds half away from zero on the
/// shortest decimal digits that read back as `value`, as a person would on paper: 2.675 gives "2.68",
/// although the double nearest to 2.675 lies below it.
[[nodiscard]] std::string two_decimals(double value);

}  // namespace ratings::json
