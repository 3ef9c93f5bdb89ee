#include "shape.hpp"

#include <algorithm>
#include <utility>

namespace maker {
namespace {

constexpr std::uint64_t kHighestFilm = 176'275;

// How often each rating from 0.5 to 5.0 occurs in the real file.
constexpr std::array<std::uint64_t, 10> kScoreCounts{404'897,   843'310,   403'607,   1'762'440, 1'255'358,
                                                     5'256'722, 3'116'213, 6'998'802, 2'170'441, 3'812'499};

/// A point of the curve "how many ratings has the user at this quantile", as drawn from the real file.
struct Knot {
  std::uint64_t quantile;  ///< in millionths
  std::uint64_t ratings;
};
constexpr std::array<Knot, 12> kActivity{{{0, 1},
                                          {100'000, 6},
                                          {250'000, 14},
                                          {500'000, 30},
                                          {750'000, 80},
                                          {900'000, 195},
                                          {950'000, 340},
                                          {990'000, 860},
                                          {999'000, 2'200},
                                          {999'900, 4'900},
                                          {999'990, 11'000},
                                          {1'000'000, 20'250}}};

/// Ratings of the user at rank `rank` of `users`, before the sum is fitted.
std::uint64_t activity(std::uint64_t rank, std::uint64_t users) {
  // The middle of the user's slice, in billionths, so that a million users still differ.
  const std::uint64_t quantile = (2 * rank + 1) * 500'000'000U / users;
  std::size_t right = 1;
  while (quantile > kActivity[right].quantile * 1000 && right + 1 < kActivity.size()) ++right;
  const auto& low = kActivity[right - 1];
  const auto& high = kActivity[right];
  const auto width = (high.quantile - low.quantile) * 1000;
  return low.ratings + (high.ratings - low.ratings) * (quantile - low.quantile * 1000) / width;
}

/// The cube of a uniform number: the first tenth of the films gets nearly half of the ratings.
std::uint64_t skewed(Random& random) noexcept {
  const std::uint64_t uniform = random.next() >> 32U;
  const std::uint64_t cube = (((uniform * uniform) >> 32U) * uniform) >> 32U;
  return (cube * kFilms) >> 32U;
}

}  // namespace

Score pick_score(Random& random) {
  auto left = random.below(kRealRows);
  Score score = 0;
  while (left >= kScoreCounts[score]) left -= kScoreCounts[score++];
  return score;
}

std::vector<std::uint32_t> rows_of_users(std::uint64_t rows, std::uint64_t users, Random& random) {
  std::vector<std::uint32_t> counts;
  if (users == 0) return counts;
  std::uint64_t sum = 0;
  for (std::uint64_t rank = 0; rank < users; ++rank) {
    counts.push_back(static_cast<std::uint32_t>(activity(rank, users)));
    sum += counts.back();
  }
  for (std::uint64_t i = users; i > 1; --i) std::swap(counts[i - 1], counts[random.below(i)]);
  // One row each, and a share of the rest; running totals, so that rounding never adds up.
  const std::uint64_t rest = rows - users;
  std::uint64_t running = 0;
  std::uint64_t given = 0;
  for (auto& count : counts) {
    running += count;
    const auto until = running * rest / sum;
    count = static_cast<std::uint32_t>(1 + until - given);
    given = until;
  }
  return counts;
}

std::uint64_t film_id(std::uint64_t film) {
  constexpr std::uint64_t kDense = 9'000;
  if (film < kDense) return film + 1;
  return kDense + (film - kDense + 1) * (kHighestFilm - kDense) / (kFilms - kDense);
}

const std::vector<std::uint64_t>& FilmPicker::pick(std::uint64_t count, Random& random) {
  films_.clear();
  for (std::uint64_t left = std::min(count, kFilms); left > 0;) {
    const auto film = skewed(random);
    auto& word = chosen_[film / 64];
    const auto bit = std::uint64_t{1} << (film % 64);
    if ((word & bit) != 0) continue;
    word |= bit;
    --left;
  }
  for (std::uint64_t film = 0; film < kFilms; ++film) {
    if (film % 64 == 0 && chosen_[film / 64] == 0) {
      film += 63;
    } else if ((chosen_[film / 64] >> (film % 64) & 1U) != 0) {
      films_.push_back(film);
    }
  }
  chosen_.fill(0);
  return films_;
}

Diary::Diary(std::uint64_t ratings, Random& random) : random_{random} {
  // A hundred ratings an evening, two seconds each: about a fifth of them come in the second of another, as
  // in the real file.
  const std::uint64_t evenings = 1 + ratings / 100;
  span_ = 1 + 2 * ratings / evenings;
  for (std::uint64_t i = 0; i < evenings; ++i) {
    starts_.push_back(kFirstTime + random_.below(kLastTime - kFirstTime - span_ + 1));
  }
}

}  // namespace maker
