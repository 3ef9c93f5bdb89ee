#include "suspects/attacks.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

/// A crowd is looked at from this size on, and from so many times the film's usual week.
constexpr std::uint64_t kSmall = 5;
constexpr double kCrowded = 4;
/// Fewer accounts than this do not move a film, and agree by chance.
constexpr std::uint64_t kLarge = 10;
/// Standard errors between the crowd's mean and the others'. Three are chance once in four hundred crowds,
/// which an account that followed many explains no longer; four are chance once in sixteen thousand.
constexpr double kStrange = 3;
constexpr double kCertain = 4;
/// A film's own mean says little while it has few other ratings: so many of the average film are added to
/// them.
constexpr std::uint64_t kPrior = 20;
/// Scores of a film spread at least so far: half a star is the scale's grain.
constexpr double kGrain = 0.5;

std::uint64_t key_of(MovieId movie, std::int64_t week) {
  return joined(static_cast<std::uint32_t>(movie.value), static_cast<std::uint32_t>(week));
}

}  // namespace

AttackFinder::AttackFinder(const Films& films, std::optional<MovieId> movie) : films_{films}, movie_{movie} {}

void AttackFinder::add(std::uint32_t account, const Rating& rating) {
  if (movie_ && rating.movie != *movie_) return;
  const auto week = rating.timestamp / kWeek;
  const auto least = std::max(double{kSmall}, kCrowded * films_.at(rating.movie).a_week());
  if (!films_.may_have(least, rating.movie, week)) return;

  const auto [number, fresh] =
      numbers_.emplace(key_of(rating.movie, week), static_cast<std::uint32_t>(crowds_.size()));
  if (fresh) crowds_.push_back({.movie = rating.movie, .week = week, .scores = {}});
  crowds_[number->second].scores.add(rating.score);
  members_.push_back({account, number->second, rating.score});
}

/// The crowds of the weeks before and after may be its other parts: they are no measure of what is usual.
Sums AttackFinder::campaign(const Crowd& crowd) const {
  Sums all;
  for (const auto week : {crowd.week - 1, crowd.week, crowd.week + 1}) {
    if (const auto found = numbers_.find(key_of(crowd.movie, week)); found != numbers_.end())
      all = all.with(crowds_[found->second].scores);
  }
  return all;
}

AttackFinder::Verdict AttackFinder::judge(const Crowd& crowd) {
  const auto count = crowd.scores.count;
  const auto least = std::max(double{kSmall}, kCrowded * films_.at(crowd.movie).a_week());
  if (static_cast<double>(count) < least) return {};  // others shared its counter

  const auto around = campaign(crowd);
  const auto usual = films_.at(crowd.movie).scores.without(around).with(films_.all().shrunk_to(kPrior));
  const auto spread = std::max(usual.deviation(), kGrain);
  const auto shift = std::abs(crowd.scores.mean() - usual.mean());
  const auto error =
      spread * std::sqrt(1 / static_cast<double>(count) + 1 / static_cast<double>(usual.count));
  const bool of_one_mind = crowd.scores.deviation() <= spread / 2;
  if (shift < kStrange * error || shift < (of_one_mind ? spread / 2 : spread)) return {};

  Verdict verdict{.strange = true, .usual = usual.mean(), .attack = std::nullopt};
  if (movie_ || (around.count >= kLarge && shift >= kCertain * error)) {
    verdict.attack = static_cast<std::uint32_t>(attacks_.size());
    attacks_.push_back({.movie = crowd.movie,
                        .week = crowd.week * kWeek,
                        .ratings = count,
                        .mean = crowd.scores.mean(),
                        .usual = verdict.usual});
  }
  return verdict;
}

void AttackFinder::finish() {
  std::vector<Verdict> verdicts;
  verdicts.reserve(crowds_.size());
  for (const auto& crowd : crowds_) verdicts.push_back(judge(crowd));
  // As far from the usual mean as the crowd is, or farther: who liked the film a little more than others did
  // happened to come by.
  const auto agrees = [&](const Member& member) {
    const auto& verdict = verdicts[member.crowd];
    if (!verdict.strange) return false;
    const auto shift = crowds_[member.crowd].scores.mean() - verdict.usual;
    return (double{member.score} - verdict.usual) / shift >= 1;
  };
  std::vector<double> followers(crowds_.size());
  for (const auto& member : members_) {
    if (agrees(member)) ++followers[member.crowd];
  }
  for (const auto& member : members_) {
    if (!agrees(member)) continue;
    auto& involvement = involvements_[member.account];
    ++involvement.followed;
    const auto attack = verdicts[member.crowd].attack;
    if (!attack) continue;
    // In other weeks about half of a film's ratings lie on this side of its mean.
    const auto& crowd = crowds_[member.crowd];
    const auto& film = films_.at(crowd.movie);
    const auto rest = static_cast<double>(film.scores.count - crowd.scores.count);
    const auto expected = rest / static_cast<double>(film.last_week - film.first_week + 1) / 2;
    const auto weight = std::max(0.0, 1 - expected / followers[member.crowd]);
    involvement.attacks.push_back({.attack = *attack, .score = member.score, .weight = weight});
  }
}

const Involvement* AttackFinder::involvement(std::uint32_t account) const {
  const auto found = involvements_.find(account);
  return found == involvements_.end() ? nullptr : &found->second;
}

}  // namespace ratings::suspects
