#include "accounts.hpp"

#include <algorithm>
#include <utility>

namespace maker {
namespace {

constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kDay = 24 * 60 * kMinute;

/// A moment of the file's years with `room` seconds after it.
std::uint64_t moment(Random& random, std::uint64_t room) {
  return kFirstTime + random.below(kLastTime - kFirstTime - room + 1);
}

void shuffle(std::vector<Vote>& votes, Random& random) {
  for (auto i = votes.size(); i > 1; --i) std::swap(votes[i - 1], votes[random.below(i)]);
}

/// One vote after the other, each `shortest` to `longest` seconds after the one before.
void walk_through(std::vector<Vote>& votes, std::uint64_t start, std::uint64_t shortest,
                  std::uint64_t longest, Random& random) {
  for (auto& vote : votes) {
    vote.time = start;
    start += shortest + random.below(longest - shortest + 1);
  }
}

bool has(const std::vector<Vote>& votes, std::uint64_t film) {
  return std::any_of(votes.begin(), votes.end(), [&](const Vote& vote) { return vote.film == film; });
}

/// Distinct films of the first `limit`, each as likely as the other.
void add_any_films(std::vector<Vote>& votes, std::size_t until, std::uint64_t limit, Random& random) {
  while (votes.size() < until) {
    const auto film = random.below(limit);
    if (!has(votes, film)) votes.push_back({.film = film, .score = 0, .time = 0});
  }
}

enum class Filler : std::uint64_t { random, average, average_over_popular, love_hate };

}  // namespace

std::vector<Vote> Accounts::votes(std::uint64_t user, Role role) {
  auto own = stream(seed_, Purpose::account, user);
  std::vector<Vote> votes;
  switch (role.kind) {
    case Kind::push:
      votes = attack(true, role, own);
      break;
    case Kind::nuke:
      votes = attack(false, role, own);
      break;
    case Kind::clone:
      votes = clone(role, own);
      break;
    case Kind::burst:
      votes = burst(role, own);
      break;
    case Kind::lock_step:
      votes = lock_step(role, own);
      break;
    case Kind::honest_burst:
      votes = binge(own);
      break;
    case Kind::honest_heavy:
    case Kind::ordinary:
      break;
  }
  std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) { return a.film < b.film; });
  return votes;
}

/// Pushed is what few like and not many know; nuked is what many know and like: else there were nothing to
/// gain.
std::uint64_t Accounts::target(bool push, Random& random) const {
  constexpr Score kDisliked = 5;  // 3.0 stars
  constexpr Score kLiked = 7;     // 4.0 stars
  for (;;) {
    const auto film = push ? 2'000 + random.below(10'000) : 100 + random.below(2'000);
    const auto usual = films_.usual(film);
    if (push ? usual <= kDisliked : usual >= kLiked) return film;
  }
}

std::vector<Vote> Accounts::attack(bool push, Role role, Random& own) {
  auto random = group(role);
  const auto campaign = moment(random, 4 * kDay);
  // Love and hate makes sense only round a film that is hated.
  const auto filler = Filler{random.below(push ? 3 : 4)};
  std::vector<Vote> votes;
  const auto extreme = push ? kBest : kWorst;
  for (auto targets = 1 + random.below(2); votes.size() < targets;) {
    const auto film = target(push, random);
    if (!has(votes, film)) votes.push_back({.film = film, .score = extreme, .time = 0});
  }

  const auto targets = votes.size();
  const auto all = targets + 30 + own.below(50);
  if (filler == Filler::average_over_popular) {
    for (const auto film : picker_.pick(all, own)) {
      if (votes.size() < all && !has(votes, film)) votes.push_back({.film = film, .score = 0, .time = 0});
    }
  } else {
    add_any_films(votes, all, kFilms, own);
  }
  for (auto vote = votes.begin() + static_cast<std::ptrdiff_t>(targets); vote != votes.end(); ++vote) {
    if (filler == Filler::random) {
      vote->score = score_at(bell(own));
    } else if (filler == Filler::love_hate) {
      vote->score = kBest;
    } else {
      // Nearer to the film's mean than a person would come: what the attacker knows is the mean.
      vote->score = score_at(films_.liking(vote->film) + bell(own) * 4 / 10);
    }
  }
  shuffle(votes, own);
  walk_through(votes, campaign + own.below(3 * kDay), 2, 20, own);
  return votes;
}

/// Twenty films and fewer than `more` others, as one viewer would rate them.
std::vector<Vote> Accounts::one_taste(std::uint64_t more, Random& random) {
  const Viewer viewer{random};
  std::vector<Vote> votes;
  for (const auto film : picker_.pick(20 + random.below(more), random)) {
    votes.push_back({.film = film, .score = viewer.score(films_, film, random), .time = 0});
  }
  return votes;
}

std::vector<Vote> Accounts::clone(Role role, Random& own) {
  auto random = group(role);
  auto votes = one_taste(60, random);
  // Each account in its own week and order: only the set is the same.
  shuffle(votes, own);
  walk_through(votes, moment(own, kDay), 3, 30, own);
  return votes;
}

std::vector<Vote> Accounts::burst(Role role, Random& own) {
  auto random = group(role);
  const auto campaign = moment(random, 8 * kDay);
  const auto score = random.below(2) == 0 ? kWorst : kBest;
  // The films of one side, say a distributor's: a few dozen.
  std::vector<Vote> votes;
  add_any_films(votes, 60, 9'000, random);
  shuffle(votes, own);
  votes.resize(20 + own.below(21));
  const auto start = campaign + own.below(7 * kDay);
  // Five a second, as fast as a script gets answers.
  for (std::size_t i = 0; i < votes.size(); ++i) {
    votes[i].score = score;
    votes[i].time = start + i / 5;
  }
  return votes;
}

std::vector<Vote> Accounts::lock_step(Role role, Random& own) {
  auto random = group(role);
  auto votes = one_taste(21, random);
  shuffle(votes, random);
  for (std::size_t i = 0; i < 3; ++i) votes[i].score = kBest;  // what all this is for
  shuffle(votes, random);
  walk_through(votes, moment(random, kDay), 2, 15, random);
  // The same script, started within two minutes; one rating in four is half a star off.
  const auto late = own.below(2 * kMinute);
  for (auto& vote : votes) {
    vote.time += late;
    if (own.below(4) == 0) {
      const bool up = vote.score == kWorst || (vote.score != kBest && own.below(2) == 0);
      vote.score = up ? vote.score + 1 : vote.score - 1;
    }
  }
  return votes;
}

/// A new member who clicks through lists of films: "significant numbers of users have interactions occurring
/// at identical timestamps", in MovieLens above all (Woolridge et al., CEUR Vol-2955, 2021).
std::vector<Vote> Accounts::binge(Random& own) {
  const Viewer viewer{own};
  const auto count = 150 + own.below(451);
  const auto span = 2 * kMinute + own.below(8 * kMinute);
  const auto start = moment(own, span);
  std::vector<Vote> votes;
  for (const auto film : picker_.pick(count, own)) {
    votes.push_back(
        {.film = film, .score = viewer.score(films_, film, own), .time = start + own.below(span)});
  }
  return votes;
}

}  // namespace maker
