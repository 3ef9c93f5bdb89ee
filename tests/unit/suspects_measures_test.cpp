// What one account shows by itself, and how far out a value lies.
#include "suspects/behaviour.hpp"
#include "suspects/chance.hpp"
#include "suspects/fences.hpp"
#include "suspects/films.hpp"
#include "suspects/groups.hpp"
#include "suspects/lock_step.hpp"

#include <doctest/doctest.h>

using namespace ratings;
using suspects::behaviour_of;
using suspects::Fences;

namespace {

Rating rate(std::int64_t user, std::int32_t movie, float score, std::int64_t time) {
  return {.user = {user}, .movie = {movie}, .score = score, .timestamp = time};
}

/// Twenty-five films, the n-th rated n·pause seconds after the first.
std::vector<Rating> paced(std::int64_t user, std::int64_t pause, std::int64_t begin = 1'000'000'800) {
  constexpr int kFilms = 25;
  std::vector<Rating> history;
  history.reserve(kFilms);
  for (int n = 0; n < kFilms; ++n)
    history.push_back(rate(user, n, 1 + static_cast<float>(n % 4), begin + n * pause));
  return history;
}

/// A history with so many films of its own after it.
std::vector<Rating> with_own(std::vector<Rating> history, int films) {
  const auto user = static_cast<std::int32_t>(history.front().user.value);
  for (int n = 0; n < films; ++n)
    history.push_back(rate(user, 1'000 * user + n, 3, history.back().timestamp + 60));
  return history;
}

/// Both passes.
suspects::Company lock_step(const std::vector<std::vector<Rating>>& histories) {
  std::vector<suspects::Behaviour> accounts;
  for (const auto& history : histories) accounts.push_back(behaviour_of(history));
  suspects::LockStep finder{accounts, 20};
  for (std::uint32_t account = 0; account < histories.size(); ++account)
    finder.add(account, histories[account]);
  return finder.company();
}

}  // namespace

TEST_SUITE("what an account shows") {
  TEST_CASE("entropy is in bits: none for one score, two for four scores alike") {
    CHECK(behaviour_of(std::vector{rate(1, 1, 5, 1), rate(1, 2, 5, 2)}).entropy == doctest::Approx(0));
    CHECK(behaviour_of(std::vector{rate(1, 1, 1, 1), rate(1, 2, 2, 2), rate(1, 3, 3, 3), rate(1, 4, 4, 4)})
              .entropy == doctest::Approx(2));
  }

  TEST_CASE("the favourite score and its share") {
    const auto seen =
        behaviour_of(std::vector{rate(1, 1, 5, 1), rate(1, 2, 2, 2), rate(1, 3, 5, 3), rate(1, 4, 5, 4)});
    CHECK(seen.favourite == 5);
    CHECK(seen.favoured == doctest::Approx(0.75));
  }

  TEST_CASE("a burst is the most ratings within 60 seconds, wherever they begin") {
    CHECK(
        behaviour_of(std::vector{rate(1, 1, 5, 0), rate(1, 2, 5, 59), rate(1, 3, 5, 60), rate(1, 4, 5, 118)})
            .busiest == 3);
    CHECK(behaviour_of(paced(1, 0)).busiest == 25);
    CHECK(behaviour_of(paced(1, 60)).busiest == 1);
  }

  TEST_CASE("a machine's rhythm is the share of its most frequent pause, and pages sent at once have none") {
    CHECK(behaviour_of(paced(1, 7)).steadiness == doctest::Approx(1));
    CHECK(behaviour_of(paced(1, 7)).steady_pause == 7);
    CHECK(behaviour_of(paced(1, 0)).steadiness == 0);
    auto few = paced(1, 7);
    few.resize(20);
    CHECK(behaviour_of(few).steadiness == 0);
  }

  TEST_CASE("content is equal for the same films and scores in any order, and differs with one score") {
    const auto one = behaviour_of(std::vector{rate(1, 1, 4, 1), rate(1, 2, 3, 2)});
    CHECK(one.content == behaviour_of(std::vector{rate(2, 2, 3, 5), rate(2, 1, 4, 6)}).content);
    CHECK(one.content != behaviour_of(std::vector{rate(2, 2, 3, 5), rate(2, 1, 4.5F, 6)}).content);
    CHECK(one.content != behaviour_of(std::vector{rate(2, 1, 3, 5), rate(2, 2, 4, 6)}).content);
  }
}

TEST_SUITE("company") {
  TEST_CASE("clones need the same films and scores and enough of them, whenever they rated") {
    const std::vector accounts{behaviour_of(paced(1, 60)), behaviour_of(paced(2, 9'000)),
                               behaviour_of(std::vector{rate(3, 1, 1, 1)}),
                               behaviour_of(std::vector{rate(4, 1, 1, 1)})};
    CHECK(suspects::clones(accounts, 20) == suspects::Company{1, 1, 0, 0});
    CHECK(suspects::clones(accounts, 1) == suspects::Company{1, 1, 1, 1});
  }

  TEST_CASE("a record that was loaded twice hides no clone") {
    auto doubled = paced(2, 9'000);
    doubled.insert(doubled.begin() + 7, doubled[7]);
    const std::vector accounts{behaviour_of(paced(1, 60)), behaviour_of(doubled)};
    CHECK(suspects::clones(accounts, 20) == suspects::Company{1, 1});
    doubled[7].timestamp -= 1;  // the same score for the same film once more is another record
    CHECK(suspects::clones(std::vector{accounts[0], behaviour_of(doubled)}, 20) == suspects::Company{0, 0});
  }

  TEST_CASE("lock-step takes three accounts and the same hours, and the scores do not matter") {
    auto other = paced(2, 60);
    for (auto& rating : other) rating.score = 5;
    const auto next_day = other.front().timestamp + 86'400;

    CHECK(lock_step({paced(1, 60), other, paced(3, 60)}) == suspects::Company{2, 2, 2});
    CHECK(lock_step({paced(1, 60), other}) == suspects::Company{0, 0});
    CHECK(lock_step({paced(1, 60), other, paced(3, 60, next_day)}) == suspects::Company{0, 0, 0});
  }

  TEST_CASE("lock-step is seen when each account has some films of its own, and not when it has many") {
    const auto companions = [](int own) {
      std::vector<std::vector<Rating>> histories;
      for (int user = 1; user <= 10; ++user) histories.push_back(with_own(paced(user, 60), own));
      return lock_step(histories);
    };
    CHECK(companions(5) == suspects::Company(10, 9));   // 25 of 35
    CHECK(companions(10) == suspects::Company(10, 0));  // 25 of 45
  }

  TEST_CASE("two accounts that are alike and a third that meets each of them are no group") {
    // The third shares 15 of 35 with each.
    auto third = paced(3, 60);
    third.resize(15);
    CHECK(lock_step({paced(1, 60), paced(2, 60), with_own(third, 10)}) == suspects::Company{0, 0, 0});
  }

  TEST_CASE("a group of any size is in lock-step") {
    std::vector<std::vector<Rating>> histories;
    for (int user = 1; user <= 200; ++user) histories.push_back(paced(user, 60));
    for (const auto others : lock_step(histories)) CHECK(others >= 2);
  }
}

TEST_SUITE("fences") {
  TEST_CASE("nothing within one and a half spreads counts, everything beyond three counts wholly") {
    std::vector<float> values;
    for (int n = 0; n <= 100; ++n) values.push_back(static_cast<float>(n));
    const Fences fences{values, 1};  // the middle half is 25 … 75

    CHECK(fences.median() == 50);
    CHECK(fences.above(150) == 0);
    CHECK(fences.above(187.5) == doctest::Approx(0.5));
    CHECK(fences.above(225) == 1);
    CHECK(fences.below(-50) == 0);
    CHECK(fences.below(-125) == 1);
  }

  TEST_CASE("a quarter of bots does not move them far") {
    std::vector<float> values;
    for (int n = 0; n <= 100; ++n) values.push_back(static_cast<float>(n));
    for (int n = 0; n < 30; ++n) values.push_back(1'000);
    CHECK(Fences{values, 1}.above(1'000) == 1);
  }

  TEST_CASE("one of a few values is judged by the others, which it cannot move") {
    const Fences fences{{30, 31, 400}, 5};
    CHECK(fences.above(400) == 0);
    CHECK(fences.among_others(400) == 1);
    CHECK(fences.among_others(30) == 0);
    CHECK(Fences{{30, 400}, 5}.among_others(400) == 1);
    CHECK(Fences{{400}, 5}.among_others(400) == 0);
    CHECK(Fences{{1, 30, 30, 31}, 5}.among_others(1) == 1);
  }

  TEST_CASE("a population that is all alike, or empty, makes nobody far out by a rounding error") {
    CHECK(Fences{{3, 3, 3, 3}, 0.5}.above(3.5) == 0);
    CHECK(Fences{{3, 3, 3, 3}, 0.5}.above(5) == 1);
    CHECK(Fences{{}, 0.5}.above(5) == 0);
  }
}

TEST_CASE("the chance of agreement is that of an urn to which each drawn ball brings another of its colour") {
  using suspects::chance_of_agreement;
  CHECK(chance_of_agreement(1, 1, 2, 10) == doctest::Approx(0.2));
  CHECK(chance_of_agreement(2, 2, 2, 10) == doctest::Approx(2.0 / 10 * 3 / 11));
  CHECK(chance_of_agreement(1, 2, 2, 10) == doctest::Approx(1 - 8.0 / 10 * 9 / 11));
  CHECK(chance_of_agreement(0, 5, 2, 10) == 1);
  CHECK(chance_of_agreement(5, 5, 10, 10) == 1);
  CHECK(chance_of_agreement(1, 5, 0, 10) == 0);
  // A thousand others who never did it say more than ten of them.
  CHECK(chance_of_agreement(5, 5, 100, 1'000) < chance_of_agreement(5, 5, 1, 10));
}

TEST_CASE("a film's figures: number, mean, deviation, and how crowded its weeks were") {
  suspects::Films films;
  films.add(std::vector{rate(1, 7, 2, 0), rate(2, 7, 4, 86'399), rate(3, 7, 3, 9 * 604'800),
                        rate(3, 2'000'000'000, 3, 0)});
  const auto& film = films.at({7});

  CHECK(film.scores.mean() == doctest::Approx(3));
  CHECK(film.scores.deviation() == doctest::Approx(std::sqrt(2.0 / 3)));
  CHECK(film.a_week() == doctest::Approx(0.3));
  CHECK(films.at({2'000'000'000}).scores.count == 1);
  CHECK(films.may_have(2, {7}, 0));
  CHECK_FALSE(films.may_have(3, {7}, 0));
  CHECK_FALSE(films.may_have(2, {7}, 9));
  CHECK(films.may_have_near(2, {7}, 1));
  CHECK_FALSE(films.may_have_near(2, {7}, 2));
  CHECK_FALSE(films.may_have_near(2, {7}, 8));
  CHECK(films.share(0, 1) == doctest::Approx(0.75));
  CHECK(films.share(1, 8) == 0);
  CHECK(films.share(0, 10) == 1);
  CHECK(films.lowest() == 2);
  CHECK(films.highest() == 4);
  CHECK(film.weeks() == 10);
  films.add_extremes(std::vector{rate(1, 7, 2, 0), rate(2, 7, 4, 86'399), rate(3, 7, 3, 9 * 604'800)});
  CHECK(film.extremes.lowest == 1);
  CHECK(film.extremes.highest == 1);
  CHECK(films.extremes().highest == 1);
}
