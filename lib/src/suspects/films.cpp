#include "suspects/films.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <limits>

namespace ratings::suspects {
namespace {

// 32 MiB of counters: the 26 million ratings of the real file put less than one into each on average, so that
// chance makes a crowd of five out of one rating one time in a hundred.
constexpr unsigned kSlotBits = 25;
// A film's counters of so many weeks lie together, so that the weeks before and after come with one fetch.
constexpr unsigned kTogetherBits = 6;
constexpr std::uint32_t kLastTogether = (1U << kTogetherBits) - 1;
// Catalogues number their films from 1, with gaps. Up to here a place each, 40 MB at most; beyond, a hash
// table.
constexpr std::int32_t kNear = 1'000'000;
constexpr std::uint8_t kFull = std::numeric_limits<std::uint8_t>::max();

}  // namespace

Films::Films() : crowds_(std::size_t{1} << kSlotBits) {}

std::size_t Films::slot(MovieId movie, std::int64_t week) noexcept {
  const auto number = static_cast<std::uint32_t>(week);
  const auto key = joined(static_cast<std::uint32_t>(movie.value), number >> kTogetherBits);
  const auto together = mixed(key) >> (64U - kSlotBits + kTogetherBits);
  return static_cast<std::size_t>(together << kTogetherBits | (number & kLastTogether));
}

Film& Films::film(MovieId movie) {
  if (movie.value >= kNear) return far_films_[movie.value];
  const auto number = static_cast<std::size_t>(movie.value);
  if (number >= films_.size()) films_.resize(std::max(number + 1, films_.size() * 2));
  return films_[number];
}

void Films::expect(std::span<const Rating> history) const noexcept {
  for (const auto& rating : history)
    __builtin_prefetch(&crowds_[slot(rating.movie, rating.timestamp / kWeek)]);
}

void Films::add(std::span<const Rating> history) {
  expect(history);
  std::int32_t last = 0;
  std::uint64_t* in_week = nullptr;  // of `last`: ratings of a week lie together
  for (const auto& rating : history) {
    const auto week = static_cast<std::int32_t>(rating.timestamp / kWeek);
    if (in_week == nullptr || week != last) in_week = &weeks_[week];
    last = week;
    ++*in_week;
    all_.add(rating.score);
    lowest_ = std::min(lowest_, rating.score);
    highest_ = std::max(highest_, rating.score);
    auto& known = film(rating.movie);
    if (known.scores.count == 0) known.first_week = known.last_week = week;
    known.scores.add(rating.score);
    known.first_week = std::min(known.first_week, week);
    known.last_week = std::max(known.last_week, week);
    auto& crowd = crowds_[slot(rating.movie, week)];
    if (crowd != kFull) ++crowd;
  }
}

void Films::add_extremes(std::span<const Rating> history) {
  for (const auto& rating : history) {
    if (rating.score > lowest_ && rating.score < highest_) continue;
    film(rating.movie).extremes.add(rating.score, lowest_, highest_);
    extremes_.add(rating.score, lowest_, highest_);
  }
}

double Films::share(std::int64_t week, unsigned weeks) const {
  std::uint64_t ratings = 0;
  for (const auto end = week + weeks; week < end; ++week) {
    if (const auto found = weeks_.find(week); found != weeks_.end()) ratings += found->second;
  }
  return static_cast<double>(ratings) / static_cast<double>(all_.count);
}

bool Films::holds(std::size_t slot, double ratings) const noexcept {
  return crowds_[slot] == kFull || crowds_[slot] >= ratings;
}

bool Films::may_have(double ratings, MovieId movie, std::int64_t week) const noexcept {
  return holds(slot(movie, week), ratings);
}

bool Films::may_have_near(double ratings, MovieId movie, std::int64_t week) const noexcept {
  const auto own = slot(movie, week);
  const auto place = own & kLastTogether;
  return holds(own, ratings) || holds(place > 0 ? own - 1 : slot(movie, week - 1), ratings) ||
         holds(place < kLastTogether ? own + 1 : slot(movie, week + 1), ratings);
}

const Film& Films::at(MovieId movie) const {
  return movie.value >= kNear ? far_films_.at(movie.value) : films_.at(static_cast<std::size_t>(movie.value));
}

}  // namespace ratings::suspects
