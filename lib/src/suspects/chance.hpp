#pragma once

#include <cstdint>

namespace ratings::suspects {

/// The chance that of `count` new ratings at least `alike` have a score which `seen` of `others` had, when
/// nothing else is known of the film: the Pólya distribution (Eggenberger and Pólya, 1923). Against the
/// binomial one it knows how little few ratings say. `seen` may be a fraction.
[[nodiscard]] double chance_of_agreement(std::uint64_t alike, std::uint64_t count, double seen,
                                         double others) noexcept;

}  // namespace ratings::suspects
