#include "suspects/films.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <limits>

namespace ratings::suspects {
namespace {

// 16 MiB of counters. The 26 million ratings of the real file fall on some 20 million pairs of film and day,
// so that a counter holds 3 on average, and 10 (the smallest attack) by chance one time in a thousand.
constexpr unsigned kSlotBits = 23;

}  // namespace

Films::Films() : crowds_(std::size_t{1} << kSlotBits) {}

std::size_t Films::slot(MovieId movie, std::int64_t day) noexcept {
  const auto key = joined(static_cast<std::uint32_t>(movie.value), static_cast<std::uint32_t>(day));
  return static_cast<std::size_t>(mixed(key) >> (64U - kSlotBits));
}

void Films::add(const Rating& rating) {
  const auto day = rating.timestamp / kDay;
  all_.add(rating.score);
  lowest_ = std::min(lowest_, rating.score);
  highest_ = std::max(highest_, rating.score);
  auto& film = films_[rating.movie.value];
  if (film.scores.count == 0) film.first_day = film.last_day = day;
  film.scores.add(rating.score);
  film.first_day = std::min(film.first_day, day);
  film.last_day = std::max(film.last_day, day);
  auto& crowd = crowds_[slot(rating.movie, day)];
  if (crowd != std::numeric_limits<std::uint16_t>::max()) ++crowd;
}

const Film* Films::find(MovieId movie) const {
  const auto found = films_.find(movie.value);
  return found == films_.end() ? nullptr : &found->second;
}

}  // namespace ratings::suspects
