#include "suspects/crowd.hpp"

#include "suspects/chance.hpp"

#include <algorithm>
#include <cmath>

namespace ratings::suspects {
namespace {

/// A crowd is looked at from this size on, and from so many times the film's usual week.
constexpr double kSmall = 5;
constexpr double kCrowded = 4;
/// Where so large a share of everything came, every film was crowded: it was an import, or the store's first
/// days.
constexpr double kImported = 0.25;
/// Fewer accounts than this do not move a film, and agree by chance.
constexpr std::uint64_t kLarge = 10;
/// Standard errors between the crowd's mean and the others'. Three are chance once in four hundred crowds,
/// which an account that followed many explains no longer; four are chance once in sixteen thousand.
constexpr double kStrange = 3;
constexpr double kCertain = 4;
/// So rarely does a crowd agree on the highest or the lowest score by chance. For that its mean need not lie
/// four errors away, which it cannot from a usual one of 3.5.
constexpr double kAgreed = 1e-5;
/// A film's own ratings say little while they are few: so many of the average film are added to them.
constexpr std::uint64_t kPrior = 20;

/// The chance that so many of the crowd give the highest (lowest) score.
double chance_of(const Crowd& crowd, const Extremes& others, double usual_count, const Films& films,
                 bool highest) {
  const auto of = [&](const Extremes& extremes) { return highest ? extremes.highest : extremes.lowest; };
  const auto prior =
      static_cast<double>(films.all().shrunk_to(kPrior).count) / static_cast<double>(films.all().count);
  return chance_of_agreement(of(crowd.extremes), crowd.scores.count,
                             of(others) + prior * of(films.extremes()), usual_count);
}

}  // namespace

Crowd Crowd::with(const Crowd& more) const noexcept {
  return {.movie = movie,
          .week = std::min(week, more.week),
          .weeks = weeks + more.weeks,
          .scores = scores.with(more.scores),
          .extremes = extremes.with(more.extremes)};
}

bool Opinion::shared_by(float score, double within) const noexcept {
  return strange && std::copysign(1, shift) * (double{score} - usual) + within >= std::abs(shift);
}

bool crowded(const Crowd& crowd, const Films& films) {
  return static_cast<double>(crowd.scores.count) >= kCrowded * films.at(crowd.movie).a_week() * crowd.weeks &&
         films.share(crowd.week, crowd.weeks) < kImported;
}

double least_crowd(const Film& film) noexcept { return std::max(kSmall, kCrowded * film.a_week()); }

Opinion opinion_of(const Crowd& crowd, const Crowd& around, const Films& films, bool any_size) {
  const auto& film = films.at(crowd.movie);
  const auto count = static_cast<double>(crowd.scores.count);
  if (count < kSmall || !crowded(crowd, films)) return {};  // others shared its counter

  const auto usual = film.scores.without(around.scores).with(films.all().shrunk_to(kPrior));
  const auto others = static_cast<double>(usual.count);
  const auto spread = std::max(usual.deviation(), kGrain);
  const auto shift = crowd.scores.mean() - usual.mean();
  const auto error = spread * std::sqrt(1 / count + 1 / others);
  const bool of_one_mind = crowd.scores.deviation() <= spread / 2;
  if (std::abs(shift) < kStrange * error || std::abs(shift) < (of_one_mind ? spread / 2 : spread)) return {};

  const auto certain = [&] {
    if (any_size) return true;
    if (crowd.scores.count < kLarge) return false;
    return std::abs(shift) >= kCertain * error ||
           chance_of(crowd, film.extremes.without(around.extremes), others, films, shift > 0) <= kAgreed;
  };
  return {.strange = true, .certain = certain(), .usual = usual.mean(), .shift = shift};
}

}  // namespace ratings::suspects
