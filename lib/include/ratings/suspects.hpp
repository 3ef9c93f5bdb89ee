#pragma once

#include "ratings/export.hpp"
#include "ratings/model.hpp"
#include "ratings/rating_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// What an account can be suspected for. Formula and source of each: ratingsctl-suspects(1), "SIGNALS".
enum class Signal {
  attack,     ///< one of many who pushed or nuked the same films in the same week
  clone,      ///< the same films with the same scores as other accounts
  lock_step,  ///< largely the same films in the same hours as other accounts
  deviation,  ///< scores unusually far from, or close to, what others give
  one_sided,  ///< nearly always the same score, or only the lowest and highest
  rhythm,     ///< pauses of a machine; not beside a burst that counts more: one pace is one reason
  burst,      ///< very many ratings within a minute; normal for people, so it counts little
};
[[nodiscard]] RATINGS_EXPORT const char* to_string(Signal signal) noexcept;

struct Reason {
  Signal signal;
  unsigned points = 0;  ///< what it adds to the score
  std::string words;
};

struct Suspect {
  UserId user;
  unsigned score = 0;  ///< 0 … 100: the sum of the points
  std::uint64_t ratings = 0;
  std::int64_t first = 0;  ///< seconds since 1970, of the oldest rating
  std::int64_t last = 0;
  std::vector<Reason> reasons;  ///< most points first
};

/// A film in a week in which far more accounts than usual agreed on scores far from the usual ones.
struct Attack {
  MovieId movie;
  std::int64_t week = 0;      ///< seconds since 1970 at its beginning, UTC; weeks begin on Thursday
  unsigned weeks = 1;         ///< more for a campaign that crossed a week's border
  std::uint64_t ratings = 0;  ///< of the film in that time
  double mean = 0;            ///< of those
  double usual = 0;           ///< mean of the film's other ratings and twenty average ones
};

/// How a measure is distributed over the accounts that were judged.
struct Distribution {
  std::string measure;
  double p5 = 0, p50 = 0, p95 = 0, p99 = 0;
};

struct SuspectQuery {
  std::uint64_t min_ratings = 20;  ///< accounts with fewer are judged by attacks only
  unsigned min_score = 50;         ///< suspects from this score on
  std::int64_t since = 0;          ///< ratings at or after this time count
  /// Only accounts that rated this film, and attacks on it already from half the usual size.
  std::optional<MovieId> movie;
  std::optional<std::uint64_t> top;  ///< at most so many
};

struct SuspectReport {
  std::uint64_t accounts = 0;
  std::uint64_t judged = 0;  ///< of them with at least min_ratings
  std::uint64_t ratings = 0;
  std::vector<Distribution> population;
  std::vector<Attack> attacks;    ///< largest first
  std::vector<Suspect> suspects;  ///< highest score first, then by user
};

/// Reads everything once by `scan` and changes nothing. Memory goes with accounts, films, the longest
/// history and crowds, not with ratings: 236 MB for 270,896 accounts and 26 million ratings, measured. The
/// ratings are put aside in a temporary file in $TMPDIR (by default /var/tmp), 24 bytes each. The same
/// ratings give the same report. Throws what the scan throws, and Error{store} when that file cannot be
/// written.
[[nodiscard]] RATINGS_EXPORT SuspectReport find_suspects(RatingScan& scan, const SuspectQuery& query);

}  // namespace ratings
