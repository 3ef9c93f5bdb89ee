#include "suspects/films.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <limits>

namespace ratings::suspects {
namespace {

// 32 MiB of counters: the 26 million ratings of the real file put less than one into each on average, so that
// chance makes a crowd of five out of one rating one time in a hundred.
constexpr unsigned kSlotBits = 25;
constexpr std::uint8_t kFull = std::numeric_limits<std::uint8_t>::max();

}  // namespace

Films::Films() : crowds_(std::size_t{1} << kSlotBits) {}

std::size_t Films::slot(MovieId movie, std::int64_t week) noexcept {
  const auto key = joined(static_cast<std::uint32_t>(movie.value), static_cast<std::uint32_t>(week));
  return static_cast<std::size_t>(mixed(key) >> (64U - kSlotBits));
}

void Films::add(const Rating& rating) {
  const auto week = rating.timestamp / kWeek;
  all_.add(rating.score);
  lowest_ = std::min(lowest_, rating.score);
  highest_ = std::max(highest_, rating.score);
  auto& film = films_[rating.movie.value];
  if (film.scores.count == 0) film.first_week = film.last_week = week;
  film.scores.add(rating.score);
  film.first_week = std::min(film.first_week, week);
  film.last_week = std::max(film.last_week, week);
  auto& crowd = crowds_[slot(rating.movie, week)];
  if (crowd != kFull) ++crowd;
}

bool Films::may_have(double ratings, MovieId movie, std::int64_t week) const noexcept {
  const auto counted = crowds_[slot(movie, week)];
  return counted == kFull || counted >= ratings;
}

const Film* Films::find(MovieId movie) const {
  const auto found = films_.find(movie.value);
  return found == films_.end() ? nullptr : &found->second;
}

}  // namespace ratings::suspects
