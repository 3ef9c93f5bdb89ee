#include "suspects/attacks.hpp"

#include "suspects/fences.hpp"
#include "suspects/mix.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

/// What an attack has in the week before or after it; one or two ratings happened to come by.
constexpr std::uint64_t kSpilled = 3;
/// Of an attack's accounts the middle half differs at least by a factor of e^0.3 = 1.35.
constexpr double kAlike = 0.3;

std::uint64_t key_of(MovieId movie, std::int64_t week) {
  return joined(static_cast<std::uint32_t>(movie.value), static_cast<std::uint32_t>(week));
}

/// How an account goes about it, in logarithms: accounts of one hand are alike in that.
float size_of(const Behaviour& account) { return std::log(static_cast<float>(account.ratings)); }
float pace_of(const Behaviour& account) {
  return size_of(account) - std::log(static_cast<float>(account.last - account.first + 1));
}

/// Those whose scores make an attack.
struct Agreement {
  double agreed = 0;
  std::vector<float> sizes, paces;
};

/// Such scores as the film gets in so many other weeks: about half of its ratings lie on this side of its
/// mean.
double expected(const Crowd& crowd, const Films& films) {
  const auto& film = films.at(crowd.movie);
  return crowd.weeks * static_cast<double>(film.scores.count - crowd.scores.count) / film.weeks() / 2;
}

}  // namespace

AttackFinder::AttackFinder(const Films& films, std::optional<MovieId> movie) : films_{films}, movie_{movie} {}

void AttackFinder::add(std::uint32_t account, const Rating& rating) {
  if (movie_ && rating.movie != *movie_) return;
  const auto week = rating.timestamp / kWeek;
  // A campaign does not keep to our weeks: what the film got beside a crowded one may belong to it.
  if (!films_.may_have_near(least_crowd(films_.at(rating.movie)), rating.movie, week)) return;

  const auto [number, fresh] =
      numbers_.emplace(key_of(rating.movie, week), static_cast<std::uint32_t>(crowds_.size()));
  if (fresh) crowds_.push_back({.movie = rating.movie, .week = week, .scores = {}, .extremes = {}});
  auto& crowd = crowds_[number->second];
  crowd.scores.add(rating.score);
  crowd.extremes.add(rating.score, films_.lowest(), films_.highest());
  members_.push_back({account, number->second, rating.score});
}

void AttackFinder::finish(std::span<const Behaviour> accounts) {
  judge_weeks();
  join_weeks();
  involve();
  weigh(accounts);
  report();
}

const std::uint32_t* AttackFinder::number_of(MovieId movie, std::int64_t week) const {
  const auto found = numbers_.find(key_of(movie, week));
  return found == numbers_.end() ? nullptr : &found->second;
}

Opinion AttackFinder::judge(const Crowd& crowd) const {
  auto around = crowd;
  for (const auto week : {crowd.week - 1, crowd.week + crowd.weeks}) {
    if (const auto* const beside = number_of(crowd.movie, week)) around = around.with(crowds_[*beside]);
  }
  return opinion_of(crowd, around, films_, movie_.has_value());
}

void AttackFinder::judge_weeks() {
  verdicts_.reserve(crowds_.size());
  for (const auto& crowd : crowds_) {
    Verdict verdict{.opinion = judge(crowd), .attack = {}};
    if (verdict.opinion.certain) {
      verdict.attack = static_cast<std::uint32_t>(attackers_.size());
      attackers_.push_back(crowd);
    }
    verdicts_.push_back(verdict);
  }
}

/// A campaign that crosses the border of a week is found by both weeks together.
void AttackFinder::join_weeks() {
  for (std::uint32_t number = 0; number < crowds_.size(); ++number) {
    const auto* const next = number_of(crowds_[number].movie, crowds_[number].week + 1);
    if (next == nullptr || (verdicts_[number].attack && verdicts_[*next].attack)) continue;
    if (verdicts_[*next].attack) {
      join(*next, number);
    } else {
      join(number, *next);
    }
  }
}

/// `beside` is no attack yet, `number` may be one.
void AttackFinder::join(std::uint32_t number, std::uint32_t beside) {
  auto& verdict = verdicts_[number];
  const auto least = verdict.attack ? kSpilled : 1;
  if (crowds_[beside].scores.count < least) return;
  if (!crowded(crowds_[number], films_) || !crowded(crowds_[beside], films_)) return;
  const auto both = crowds_[number].with(crowds_[beside]);
  const auto opinion = judge(both);
  if (!opinion.certain) return;
  if (verdict.attack) {
    auto& attackers = attackers_[*verdict.attack];
    attackers = attackers.with(crowds_[beside]);
  } else {
    verdict = {.opinion = opinion, .attack = static_cast<std::uint32_t>(attackers_.size())};
    attackers_.push_back(both);
  }
  verdicts_[beside] = {.opinion = opinion, .attack = verdict.attack};
}

void AttackFinder::involve() {
  for (const auto& member : members_) {
    const auto& [opinion, attack] = verdicts_[member.crowd];
    if (!opinion.shared_by(member.score)) continue;
    auto& involvement = involvements_[member.account];
    ++involvement.followed;
    if (attack) involvement.attacks.push_back({.attack = *attack, .score = member.score, .weight = 1});
  }
}

void AttackFinder::weigh(std::span<const Behaviour> accounts) {
  std::vector<Agreement> company(attackers_.size());
  for (const auto& member : members_) {
    const auto& [opinion, attack] = verdicts_[member.crowd];
    if (!attack || !opinion.shared_by(member.score, kGrain)) continue;
    auto& those = company[*attack];
    if (opinion.shared_by(member.score)) ++those.agreed;
    those.sizes.push_back(size_of(accounts[member.account]));
    those.paces.push_back(pace_of(accounts[member.account]));
  }
  std::vector<Fences> sizes, paces;
  sizes.reserve(company.size());
  paces.reserve(company.size());
  for (auto& those : company) {
    sizes.emplace_back(std::move(those.sizes), kAlike);
    paces.emplace_back(std::move(those.paces), kAlike);
  }
  for (auto& [account, involvement] : involvements_) {
    for (auto& part : involvement.attacks) {
      const auto came_by = expected(attackers_[part.attack], films_) / company[part.attack].agreed;
      const auto unlike = std::max(sizes[part.attack].among_others(size_of(accounts[account])),
                                   paces[part.attack].among_others(pace_of(accounts[account])));
      part.weight = std::max(0.0, 1 - came_by) * (1 - unlike);
    }
  }
}

void AttackFinder::report() {
  attacks_.reserve(attackers_.size());
  for (const auto& crowd : attackers_) {
    attacks_.push_back({.movie = crowd.movie,
                        .week = crowd.week * kWeek,
                        .weeks = crowd.weeks,
                        .ratings = crowd.scores.count,
                        .mean = crowd.scores.mean(),
                        .usual = 0});
  }
  for (const auto& verdict : verdicts_) {
    if (verdict.attack) attacks_[*verdict.attack].usual = verdict.opinion.usual;
  }
}

const Involvement* AttackFinder::involvement(std::uint32_t account) const {
  const auto found = involvements_.find(account);
  return found == involvements_.end() ? nullptr : &found->second;
}

}  // namespace ratings::suspects
