#include "ratings/suspects.hpp"

#include "store/spool.hpp"
#include "store/user_runs.hpp"
#include "suspects/judge.hpp"
#include "suspects/lock_step.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace ratings {
namespace {

using suspects::AttackFinder;
using suspects::Behaviour;
using suspects::Films;
using suspects::LockStep;

/// What takes the other accounts' ratings to know: how far this one's are from them.
void compare(Behaviour& account, std::span<const Rating> history, const Films& films) {
  // An account whose films nobody else rated deviates from nobody; its logarithm must stay finite.
  constexpr double kLeastDeviation = 1e-12;
  double distance = 0;
  double agreement = 0;
  std::uint64_t extreme = 0;
  for (const auto& rating : history) {
    if (rating.score <= films.lowest() || rating.score >= films.highest()) ++extreme;
    const auto& scores = films.at(rating.movie).scores;
    const auto from_mean = std::abs(double{rating.score} - scores.mean());
    distance += from_mean;
    agreement += from_mean / static_cast<double>(scores.count);
  }
  const auto all = static_cast<double>(history.size());
  account.extreme = static_cast<float>(static_cast<double>(extreme) / all);
  account.distance = static_cast<float>(distance / all);
  account.rdma = static_cast<float>(std::log(std::max(agreement / all, kLeastDeviation)));
}

void each_spooled(Spool& spool, const std::function<void(std::span<const Rating>)>& take) {
  UserRuns users{take};
  std::array<Rating, 4096> piece;
  while (const auto got = spool.read(piece)) {
    for (const auto& rating : std::span{piece}.first(got)) users.add(rating);
  }
  users.finish();
}

}  // namespace

const char* to_string(Signal signal) noexcept {
  switch (signal) {
    case Signal::attack:
      return "attack";
    case Signal::clone:
      return "clone";
    case Signal::lock_step:
      return "lock-step";
    case Signal::deviation:
      return "deviation";
    case Signal::one_sided:
      return "one-sided";
    case Signal::rhythm:
      return "rhythm";
    case Signal::burst:
      return "burst";
  }
  return "unknown";
}

SuspectReport find_suspects(RatingScan& scan, const SuspectQuery& query) {
  SuspectReport report;
  Films films;
  std::vector<Behaviour> accounts;
  Spool seen{"finding suspects"};
  report.ratings = scan.each_user(query.since, [&](std::span<const Rating> history) {
    accounts.push_back(suspects::behaviour_of(history));
    films.add(history);
    seen.add(history);
  });
  report.accounts = accounts.size();

  AttackFinder attacks{films, query.movie};
  LockStep lock_step{accounts, query.min_ratings};
  std::vector<bool> rated_movie(accounts.size(), !query.movie);
  std::uint32_t number = 0;
  each_spooled(seen, [&](std::span<const Rating> history) {
    compare(accounts[number], history, films);
    films.add_extremes(history);
    films.expect(history);
    lock_step.add(number, history);
    for (const auto& rating : history) {
      attacks.add(number, rating);
      if (rating.movie == query.movie) rated_movie[number] = true;
    }
    ++number;
  });
  attacks.finish(accounts);

  const suspects::Judge judge{accounts, attacks, lock_step.company(), query.min_ratings};
  report.judged = judge.judged();
  report.population = judge.population();
  report.attacks = attacks.attacks();
  std::sort(report.attacks.begin(), report.attacks.end(), [](const Attack& a, const Attack& b) {
    if (a.ratings != b.ratings) return a.ratings > b.ratings;
    return a.movie != b.movie ? a.movie < b.movie : a.week < b.week;
  });
  for (std::uint32_t account = 0; account < accounts.size(); ++account) {
    if (!rated_movie[account]) continue;
    if (auto suspect = judge.judge(account); suspect.score >= query.min_score)
      report.suspects.push_back(std::move(suspect));
  }
  std::sort(report.suspects.begin(), report.suspects.end(), [](const Suspect& a, const Suspect& b) {
    return a.score != b.score ? a.score > b.score : a.user < b.user;
  });
  if (query.top && report.suspects.size() > *query.top) report.suspects.resize(*query.top);
  return report;
}

}  // namespace ratings
