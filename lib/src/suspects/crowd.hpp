#pragma once

#include "suspects/films.hpp"

#include <cstdint>

namespace ratings::suspects {

/// The scale's grain, in stars: scores of a film spread at least so far, and a script that varies its scores
/// does so by it.
inline constexpr double kGrain = 0.5;

/// What a film got in a week, or in several that follow each other.
struct Crowd {
  MovieId movie;
  std::int64_t week = 0;
  unsigned weeks = 1;
  Sums scores;
  Extremes extremes;

  /// With what the same film got in a week beside these.
  [[nodiscard]] Crowd with(const Crowd& more) const noexcept;
};

/// What a crowd thinks of its film, against everybody else.
struct Opinion {
  bool strange = false;  ///< far from the usual scores
  bool certain = false;  ///< so far, and of so many, that it is an attack by itself
  double usual = 0;      ///< the mean of the film's other ratings and of some average ones
  double shift = 0;      ///< from there to the crowd's mean

  /// Does such a score go as far as the crowd's mean, or farther? `within`: as far but for so many stars.
  [[nodiscard]] bool shared_by(float score, double within = 0) const noexcept;
};

/// Has it several times the ratings of the film's usual weeks, and not because all films have?
[[nodiscard]] bool crowded(const Crowd& crowd, const Films& films);

/// So many ratings in a week make a crowd of it.
[[nodiscard]] double least_crowd(const Film& film) noexcept;

/// `around` is what the film got in these weeks and beside them: perhaps other parts of a campaign, so no
/// measure of what is usual. `any_size`: a small crowd may be certain, too.
[[nodiscard]] Opinion opinion_of(const Crowd& crowd, const Crowd& around, const Films& films, bool any_size);

}  // namespace ratings::suspects
