#include "taste.hpp"

namespace maker {
namespace {

// Shares of the variance of 100,004 real ratings: film 16 %, viewer 17 %, the rest 67 % (an additive model,
// fitted in turns, with five ratings' worth of shrinking). These are their roots, in thousandths.
constexpr std::int64_t kFilmWeight = 400;
constexpr std::int64_t kViewerWeight = 410;
constexpr std::int64_t kChanceWeight = 820;
// A viewer's own deviation is 0.65 to 1.5 times the median one's (5th to 95th percentile there); this range
// has mean square 1, so that the frequencies of stars stay.
constexpr std::int64_t kSteadiest = 550;
constexpr std::uint64_t kSpreadRange = 850;

// The normal quantiles, in thousandths, of the shares of 0.5, of 0.5 and 1.0, and so on in the real file.
constexpr std::array<std::int64_t, 9> kCuts{-2156, -1665, -1526, -1121, -918, -302, 3, 739, 1052};

}  // namespace

std::int64_t bell(Random& random) noexcept {
  std::int64_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    for (auto bits = random.next(); bits != 0; bits >>= 16U) sum += static_cast<std::int64_t>(bits & 0xFFFFU);
  }
  // Twelve uniform numbers below 65536 have mean 6 × 65536 and deviation 65536.
  return (sum - 6 * 65'536) * 1000 / 65'536;
}

Score score_at(std::int64_t place) noexcept {
  Score score = 0;
  while (score < kCuts.size() && place > kCuts[score]) ++score;
  return score;
}

Films::Films(std::uint64_t seed) {
  likings_.reserve(kFilms);
  for (std::uint64_t film = 0; film < kFilms; ++film) {
    auto random = stream(seed, Purpose::film, film);
    likings_.push_back(bell(random) * kFilmWeight / 1000);
  }
}

Viewer::Viewer(Random& random)
    : kindness_{bell(random) * kViewerWeight / 1000},
      spread_{kSteadiest + static_cast<std::int64_t>(random.below(kSpreadRange))} {}

Score Viewer::score(const Films& films, std::uint64_t film, Random& random) const noexcept {
  const auto chance = bell(random) * kChanceWeight / 1000 * spread_ / 1000;
  return score_at(films.liking(film) + kindness_ + chance);
}

}  // namespace maker
