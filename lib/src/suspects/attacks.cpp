#include "suspects/attacks.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

/// Fewer accounts than this do not move a film's mean, and agree by chance.
constexpr std::uint64_t kLeast = 10;
/// Of a film that the operator has already found strange.
constexpr std::uint64_t kLeastOfMovie = 5;
/// A film's usual day, so many times: above it a day is looked at.
constexpr double kCrowded = 4;
/// Standard errors between the day's mean and the others': by chance once in three million days.
constexpr double kCertain = 5;
/// With fewer ratings on other days, a film's own mean says nothing.
constexpr std::uint64_t kKnown = 10;
/// Scores of a film spread at least so far: half a star is the scale's grain.
constexpr double kGrain = 0.5;

}  // namespace

AttackFinder::AttackFinder(const Films& films, std::optional<MovieId> movie) : films_{films}, movie_{movie} {}

void AttackFinder::add(std::uint32_t account, const Rating& rating) {
  if (movie_ && rating.movie != *movie_) return;
  const auto* film = films_.find(rating.movie);
  if (film == nullptr) return;  // came after the first pass
  const auto day = rating.timestamp / kDay;
  const auto least = static_cast<double>(movie_ ? kLeastOfMovie : kLeast);
  if (static_cast<double>(films_.at_most(rating.movie, day)) < std::max(least, kCrowded * film->a_day()))
    return;

  const auto key = joined(static_cast<std::uint32_t>(rating.movie.value), static_cast<std::uint32_t>(day));
  const auto [number, fresh] = numbers_.emplace(key, static_cast<std::uint32_t>(crowds_.size()));
  if (fresh) crowds_.push_back({.movie = rating.movie, .day = day, .scores = {}, .histogram = {}});
  auto& crowd = crowds_[number->second];
  crowd.scores.add(rating.score);
  ++crowd.histogram[static_cast<std::size_t>(std::lround(2 * rating.score))];
  members_.push_back({account, number->second, rating.score});
}

std::optional<std::uint32_t> AttackFinder::judge(const Crowd& crowd) {
  const auto& film = *films_.find(crowd.movie);
  const auto count = crowd.scores.count;
  if (count < (movie_ ? kLeastOfMovie : kLeast)) return std::nullopt;  // others shared its counter
  if (static_cast<double>(count) < kCrowded * film.a_day()) return std::nullopt;

  auto others = film.scores.without(crowd.scores);
  if (others.count < kKnown) others = films_.all();
  const auto spread = std::max(others.deviation(), kGrain);
  const auto shift = std::abs(crowd.scores.mean() - others.mean());
  const auto error =
      spread * std::sqrt(1 / static_cast<double>(count) + 1 / static_cast<double>(others.count));
  const auto most = *std::max_element(crowd.histogram.begin(), crowd.histogram.end());
  const bool of_one_mind = most * 3 >= count * 2;
  if (shift < kCertain * error || shift < (of_one_mind ? spread / 2 : spread)) return std::nullopt;
  attacks_.push_back({.movie = crowd.movie,
                      .day = crowd.day * kDay,
                      .ratings = count,
                      .mean = crowd.scores.mean(),
                      .usual = others.mean()});
  return static_cast<std::uint32_t>(attacks_.size() - 1);
}

void AttackFinder::finish() {
  std::vector<std::optional<std::uint32_t>> verdicts;
  verdicts.reserve(crowds_.size());
  for (const auto& crowd : crowds_) verdicts.push_back(judge(crowd));
  // Nearer to the day's mean than to the usual one.
  const auto agrees = [&](const Member& member, const Attack& attack) {
    return std::abs(double{member.score} - attack.mean) < std::abs(double{member.score} - attack.usual);
  };
  std::vector<double> takers(attacks_.size());
  for (const auto& member : members_) {
    if (const auto attack = verdicts[member.crowd]; attack && agrees(member, attacks_[*attack]))
      ++takers[*attack];
  }
  for (const auto& member : members_) {
    const auto attack = verdicts[member.crowd];
    if (!attack || !agrees(member, attacks_[*attack])) continue;
    // On other days about half of the film's ratings lie on this side of its mean.
    const auto& film = *films_.find(attacks_[*attack].movie);
    const auto others = static_cast<double>(film.scores.count - attacks_[*attack].ratings);
    const auto expected = others / static_cast<double>(film.last_day - film.first_day + 1) / 2;
    const auto weight = std::max(0.0, 1 - expected / takers[*attack]);
    parts_[member.account].push_back({.attack = *attack, .score = member.score, .weight = weight});
  }
}

const std::vector<Part>& AttackFinder::parts(std::uint32_t account) const {
  static const std::vector<Part> none;
  const auto found = parts_.find(account);
  return found == parts_.end() ? none : found->second;
}

}  // namespace ratings::suspects
