#include "suspects/judge.hpp"

#include "json/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ratings::suspects {
namespace {

// What a signal adds at its strongest. One that needs the company of others is enough alone (50 makes a
// suspect): no honest account gives a stranger's scores. Those of a single account are not, since some people
// do rate everything 5; two of them at their strongest are. Bursts are how people rate, so they only ever tip
// the scales.
constexpr double kClone = 70;
constexpr double kLockStep = 70;
constexpr double kAttack = 60;
constexpr double kThrowaway = 20;  ///< on top of an attack, when the account did little else
constexpr double kFollower = 60;   ///< a fifth of what it did was what crowds did
constexpr double kDeviation = 24;
constexpr double kOneSided = 26;
constexpr double kMild = 20;  ///< a score for all that is neither the lowest nor the highest rigs no vote
constexpr double kRhythm = 30;
constexpr double kBurst = 10;
constexpr double kFleeting =
    24;  ///< it lived for a burst: enough beside an extreme score for all, not beside a taste of its own
constexpr unsigned kMost = 100;

// Spreads below which a population counts as all alike, in each measure's own unit.
constexpr double kShare = 0.05;
constexpr double kBits = 0.1;
constexpr double kStars = 0.05;
constexpr double kLogarithm = 0.1;
constexpr double kRatings = 5;

unsigned points(double most, double strength) { return static_cast<unsigned>(std::lround(most * strength)); }

/// `words()` gives the reason; nearly all accounts have none, so it is asked for only when it counts.
template <typename Words>
void add(Suspect& suspect, Signal signal, unsigned worth, const Words& words) {
  if (worth > 0) suspect.reasons.push_back({.signal = signal, .points = worth, .words = words()});
}

std::string date(std::int64_t seconds) {
  constexpr std::size_t kDate = 10;  // YYYY-MM-DD
  std::string text;
  json::append_time(text, seconds);
  return text.substr(0, kDate);
}

std::string others(std::uint32_t number) {
  return fmt::format("{} other {}", number, number == 1 ? "account" : "accounts");
}

/// Faster than one a second from first to last: pages sent off at once, by a person with ordinary scores.
bool fleeting(const Behaviour& account) { return account.last - account.first < account.ratings; }

}  // namespace

Judge::Judge(std::span<const Behaviour> accounts, const AttackFinder& attacks, Company lock_step,
             std::uint64_t min_ratings)
    : accounts_{accounts},
      attacks_{attacks},
      min_ratings_{min_ratings},
      judged_{number_of([](const Behaviour&) { return true; })},
      all_fleeting_{4 * number_of(fleeting) >= judged_},
      clones_{clones(accounts, min_ratings)},
      lock_step_{std::move(lock_step)},
      distance_{fences(&Behaviour::distance, kStars)},
      rdma_{fences(&Behaviour::rdma, kLogarithm)},
      entropy_{fences(&Behaviour::entropy, kBits)},
      favoured_{fences(&Behaviour::favoured, kShare)},
      extreme_{fences(&Behaviour::extreme, kShare)},
      steadiness_{fences(&Behaviour::steadiness, kShare)},
      busiest_{fences(&Behaviour::busiest, kRatings)} {}

template <typename Which>
std::uint64_t Judge::number_of(const Which& which) const {
  return static_cast<std::uint64_t>(
      std::count_if(accounts_.begin(), accounts_.end(),
                    [&](const Behaviour& one) { return one.ratings >= min_ratings_ && which(one); }));
}

Fences Judge::fences(float Behaviour::*measure, double least) const {
  std::vector<float> values;
  for (const auto& account : accounts_) {
    if (account.ratings >= min_ratings_) values.push_back(account.*measure);
  }
  return {std::move(values), least};
}

Suspect Judge::judge(std::uint32_t number) const {
  const auto& account = accounts_[number];
  Suspect suspect{.user = account.user,
                  .score = 0,
                  .ratings = account.ratings,
                  .first = account.first,
                  .last = account.last,
                  .reasons = {}};
  add_attacks(suspect, number);
  if (account.ratings >= min_ratings_) {
    add_company(suspect, number);
    add_taste(suspect, account);
    add_pace(suspect, account);
  }
  for (const auto& reason : suspect.reasons) suspect.score += reason.points;
  suspect.score = std::min(suspect.score, kMost);
  std::stable_sort(suspect.reasons.begin(), suspect.reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.points > b.points; });
  return suspect;
}

void Judge::add_attacks(Suspect& suspect, std::uint32_t number) const {
  const auto* involvement = attacks_.involvement(number);
  if (involvement == nullptr) return;
  const auto& account = accounts_[number];
  for (const auto& part : involvement->attacks) {
    const auto& attack = attacks_.attacks()[part.attack];
    const bool throwaway =
        account.first >= attack.week - kWeek && account.last < attack.week + (attack.weeks + 1) * kWeek;
    add(suspect, Signal::attack, points(kAttack + (throwaway ? kThrowaway : 0), part.weight), [&] {
      return fmt::format(
          "gave film {} a {} in the {} of {}, when {} ratings averaged {:.1f} (otherwise {:.1f}){}",
          attack.movie.value, part.score, attack.weeks == 1 ? "week" : "weeks", date(attack.week),
          attack.ratings, attack.mean, attack.usual, throwaway ? ", and did nothing before or after" : "");
    });
  }
  // Of an honest account's ratings a few follow a crowd by chance.
  constexpr std::uint32_t kFew = 5;
  constexpr double kSome = 0.10;
  const auto share = static_cast<double>(involvement->followed) / static_cast<double>(account.ratings);
  if (involvement->followed < kFew) return;
  add(suspect, Signal::attack, points(kFollower, std::clamp((share - kSome) / kSome, 0.0, 1.0)), [&] {
    return fmt::format(
        "{} of its ratings follow crowds that came to a film within a week and agreed, against everybody "
        "else",
        involvement->followed);
  });
}

void Judge::add_company(Suspect& suspect, std::uint32_t number) const {
  if (const auto company = clones_[number]; company > 0) {
    add(suspect, Signal::clone, points(kClone, 1),
        [&] { return fmt::format("rated the same films with the same scores as {}", others(company)); });
  }
  if (const auto company = lock_step_[number]; company > 0) {
    add(suspect, Signal::lock_step, points(kLockStep, 1),
        [&] { return fmt::format("rated largely the same films in the same hours as {}", others(company)); });
  }
}

/// One taste is one reason: who gives everything the lowest score is far from what others give, too.
void Judge::add_taste(Suspect& suspect, const Behaviour& account) const {
  const auto same = std::max(entropy_.below(account.entropy), favoured_.above(account.favoured));
  const auto of_same = points(account.extreme >= account.favoured ? kOneSided : kMild, same);
  const auto of_extreme = points(kOneSided, extreme_.above(account.extreme));
  const auto one_sided = std::max(of_same, of_extreme);
  const auto far = distance_.above(account.distance);
  const auto close = distance_.below(account.distance);
  const auto rare = rdma_.above(account.rdma);
  const auto strongest = std::max({far, close, rare});
  const auto deviation = points(kDeviation, strongest);
  const bool one_reason = strongest == far;
  const auto unless = [&](bool other_counts, unsigned worth) {
    return one_reason && other_counts ? 0U : worth;
  };
  add(suspect, Signal::deviation, unless(one_sided >= deviation, deviation), [&] {
    return fmt::format("{}: {:.2f} from the films' means on average (half of the accounts: at most {:.2f})",
                       strongest == far     ? "disagrees"
                       : strongest == close ? "agrees too well"
                                            : "moves films that few have rated",
                       account.distance, distance_.median());
  });
  add(suspect, Signal::one_sided, unless(one_sided < deviation, one_sided), [&] {
    return of_same >= of_extreme
               ? fmt::format("{:.0f} % of its scores are {}", 100 * account.favoured, account.favourite)
               : fmt::format("{:.0f} % of its scores are the lowest or the highest", 100 * account.extreme);
  });
}

/// One pace is one reason: what is quick is steady, too, because times are whole seconds.
void Judge::add_pace(Suspect& suspect, const Behaviour& account) const {
  if (fleeting(account) && !all_fleeting_) {
    add(suspect, Signal::burst, points(kFleeting, 1), [&] {
      return fmt::format("all of its {} ratings came within {} s", account.ratings,
                         account.last - account.first + 1);
    });
    return;
  }
  const auto rhythm = points(kRhythm, steadiness_.above(account.steadiness));
  const auto burst = points(kBurst, busiest_.above(account.busiest));
  if (rhythm >= burst) {
    add(suspect, Signal::rhythm, rhythm, [&] {
      return fmt::format("{:.0f} % of its pauses last {} s", 100 * account.steadiness, account.steady_pause);
    });
  } else {
    add(suspect, Signal::burst, burst, [&] {
      return fmt::format("{} ratings within a minute (half of the accounts: at most {})", account.busiest,
                         busiest_.median());
    });
  }
}

std::vector<Distribution> Judge::population() const {
  std::vector<Distribution> table;
  const auto add_row = [&](const char* measure, const Fences& values) {
    table.push_back({.measure = measure,
                     .p5 = values.quantile(0.05),
                     .p50 = values.median(),
                     .p95 = values.quantile(0.95),
                     .p99 = values.quantile(0.99)});
  };
  add_row("distance", distance_);
  add_row("log_rdma", rdma_);
  add_row("entropy", entropy_);
  add_row("favoured", favoured_);
  add_row("extreme", extreme_);
  add_row("steadiness", steadiness_);
  add_row("busiest_minute", busiest_);
  return table;
}

}  // namespace ratings::suspects
