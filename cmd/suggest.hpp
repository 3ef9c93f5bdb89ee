#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// How many letters must be put in, left out, exchanged, or swapped with their neighbour to make `to` of
/// `from` (Damerau 1964, each letter touched once).
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The known name that was most likely meant, the first among equals; nullopt when none is near: a third of
/// the letters may be wrong, or one (what compilers take for a typing error), or the end was left out.
[[nodiscard]] std::optional<std::string> nearest(std::string_view typed,
                                                 const std::vector<std::string>& known);

/// "; did you mean 'query'?", or nothing.
[[nodiscard]] std::string did_you_mean(const std::optional<std::string>& name);

}  // namespace ratings::cmd
