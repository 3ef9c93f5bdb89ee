#pragma once

#include <array>
#include <charconv>

namespace ratings::sqlite {

/// SQLite has doubles only. Half stars are exact; others are kept as the double of their shortest text, so
/// that the shell shows 0.1 and not 0.100000001490116, and an imported 0.1 is the same record as a loaded
/// one.
[[nodiscard]] inline double stored_score(float score) {
  double exact = score;
  if (const double doubled = exact * 2; doubled != static_cast<double>(static_cast<int>(doubled))) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), score).ptr;
    std::from_chars(text.data(), end, exact);
  }
  return exact;
}

}  // namespace ratings::sqlite
