// Whether a film is liked, and who likes what. A rating is film + viewer + chance on a scale on which all
// ratings together have mean 0 and deviation 1000, cut where the real file's frequencies of stars cut it.
#pragma once

#include "random.hpp"
#include "shape.hpp"

#include <cstdint>
#include <vector>

namespace maker {

/// About the normal distribution, mean 0, deviation 1000: twelve uniform numbers added (Irwin and Hall,
/// 1927).
std::int64_t bell(Random& random) noexcept;

/// The stars at a place of that scale.
Score score_at(std::int64_t place) noexcept;

/// How well each film is liked. Immutable.
class Films {
 public:
  explicit Films(std::uint64_t seed);
  std::int64_t liking(std::uint64_t film) const noexcept { return likings_[film]; }
  /// What most people give it.
  Score usual(std::uint64_t film) const noexcept { return score_at(likings_[film]); }

 private:
  std::vector<std::int64_t> likings_;
};

/// One person: how kind, and how steady.
class Viewer {
 public:
  explicit Viewer(Random& random);
  Score score(const Films& films, std::uint64_t film, Random& random) const noexcept;

 private:
  std::int64_t kindness_;
  std::int64_t spread_;
};

}  // namespace maker
