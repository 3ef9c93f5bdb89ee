// find_suspects on small populations whose honest part is drawn from a seed.
#include "ratings/suspects.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <random>

using namespace ratings;

namespace {

constexpr std::int64_t kBegin = 1'400'000'000;
constexpr std::int64_t kDay = 86'400;

class FakeScan final : public RatingScan {
 public:
  explicit FakeScan(const std::vector<Rating>& ratings) {
    for (const auto& rating : ratings) users_[rating.user].push_back(rating);
    for (auto& [user, history] : users_) std::sort(history.begin(), history.end(), older);
  }
  std::uint64_t each(std::span<const UserId>, const std::function<void(const Rating&)>&) override {
    throw Error{Kind::internal, "suspects reads user by user"};
  }
  std::uint64_t each_user(std::int64_t since,
                          const std::function<void(std::span<const Rating>)>& take) override {
    std::uint64_t rows = 0;
    for (const auto& [user, history] : users_) {
      const auto begin = std::find_if(history.begin(), history.end(),
                                      [&](const Rating& rating) { return rating.timestamp >= since; });
      if (begin == history.end()) continue;
      rows += static_cast<std::uint64_t>(history.end() - begin);
      take({begin, history.end()});
    }
    return rows;
  }

 private:
  std::map<UserId, std::vector<Rating>> users_;
};

/// A thousand people with 30 to 60 of 300 films each, over three years. A film has a quality that its scores
/// scatter around.
class Population {
 public:
  explicit Population(unsigned seed) : random_{seed} {
    MESSAGE("seed " << seed);
    for (std::int64_t user = 1; user <= 1'000; ++user) {
      const auto films = number(30, 60);
      for (std::int64_t n = 0; n < films; ++n) {
        const auto film = static_cast<std::int32_t>(number(1, 300));
        add(user, film, opinion(film), kBegin + number(0, 1'000 * kDay));
      }
    }
  }

  std::int64_t number(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>{low, high}(random_);
  }
  float opinion(std::int32_t film) {
    const auto quality = 2.5 + 0.1 * (film % 15);
    const auto halves = std::lround(2 * std::normal_distribution<>{quality, 0.9}(random_));
    return static_cast<float>(std::clamp(halves, 1L, 10L)) / 2;
  }
  /// All different.
  std::vector<std::int32_t> some_films(int count) {
    std::vector<std::int32_t> films(300);
    std::iota(films.begin(), films.end(), 1);
    std::shuffle(films.begin(), films.end(), random_);
    films.resize(static_cast<std::size_t>(count));
    return films;
  }
  void add(std::int64_t user, std::int32_t film, float score, std::int64_t time) {
    ratings_.push_back({.user = {user}, .movie = {film}, .score = score, .timestamp = time});
  }
  SuspectReport report(const SuspectQuery& query = {}) const {
    FakeScan scan{ratings_};
    return find_suspects(scan, query);
  }
  [[nodiscard]] const std::vector<Rating>& ratings() const { return ratings_; }

 private:
  std::mt19937_64 random_;
  std::vector<Rating> ratings_;
};

std::vector<std::int64_t> users(const SuspectReport& report) {
  std::vector<std::int64_t> ids;
  for (const auto& suspect : report.suspects) ids.push_back(suspect.user.value);
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool has(const Suspect& suspect, Signal signal) {
  return std::any_of(suspect.reasons.begin(), suspect.reasons.end(),
                     [&](const Reason& reason) { return reason.signal == signal; });
}

}  // namespace

TEST_SUITE("suspects") {
  TEST_CASE("an honest population has none") {
    for (unsigned seed = 1; seed <= 5; ++seed) {
      const auto report = Population{seed}.report();
      CHECK(report.accounts == 1'000);
      CHECK(report.judged == 1'000);
      CHECK(report.attacks.empty());
      CHECK(users(report).empty());
    }
  }

  TEST_CASE(
      "who pushes a film in one week is listed with the film, the week and the averages, new accounts too") {
    Population population{7};
    for (std::int64_t bot = 2'001; bot <= 2'020; ++bot)
      population.add(bot, 30, 5, kBegin + 500 * kDay + population.number(0, 3'600));

    const auto report = population.report();

    REQUIRE(report.attacks.size() == 1);
    CHECK(report.attacks[0].movie.value == 30);
    CHECK(report.attacks[0].ratings >= 20);
    const auto found = users(report);
    CHECK(std::count_if(found.begin(), found.end(), [](auto user) { return user > 2'000; }) == 20);
    CHECK(found.size() <= 21);  // somebody may have liked that film on that day
    const auto& words = report.suspects[0].reasons[0].words;
    CHECK(words.find("gave film 30 a 5 in the week of 2015-09-2") == 0);
    CHECK(words.find("and did nothing before or after") != std::string::npos);
  }

  TEST_CASE("an attack that crosses the border of a week is one attack, whatever fell on each side") {
    // Weeks begin on Thursday: this one 21 days after kBegin's.
    constexpr std::int64_t kBorder = (kBegin / (7 * kDay) + 3) * 7 * kDay;
    for (const int before : {1, 2, 5, 8, 9}) {
      CAPTURE(before);
      Population population{17};
      for (int bot = 0; bot < 10; ++bot)
        population.add(2'001 + bot, 900, 0.5F,
                       kBorder + (bot < before ? -1 : 1) * population.number(1, kDay));
      for (std::int64_t user = 1; user <= 5; ++user)
        population.add(user, 900, 4, kBorder + 200 * user * kDay);

      const auto report = population.report();

      REQUIRE(report.attacks.size() == 1);
      CHECK(report.attacks[0].weeks == 2);
      CHECK(report.attacks[0].week == kBorder - 7 * kDay);
      CHECK(report.attacks[0].ratings == 10);
      CHECK(users(report) ==
            std::vector<std::int64_t>{2'001, 2'002, 2'003, 2'004, 2'005, 2'006, 2'007, 2'008, 2'009, 2'010});
      CHECK(report.suspects[0].reasons[0].words.find("in the weeks of 2014-05-2") != std::string::npos);
    }
  }

  TEST_CASE("one rating in the week beside an attack does not belong to it") {
    constexpr std::int64_t kBorder = (kBegin / (7 * kDay) + 3) * 7 * kDay;
    Population population{18};
    for (std::int64_t bot = 2'001; bot <= 2'012; ++bot)
      population.add(bot, 900, 0.5F, kBorder + population.number(1, kDay));
    for (std::int64_t user = 1; user <= 5; ++user) population.add(user, 900, 4, kBorder + 200 * user * kDay);
    population.add(6, 900, 0.5F, kBorder - kDay);

    const auto report = population.report();

    REQUIRE(report.attacks.size() == 1);
    CHECK(report.attacks[0].weeks == 1);
    CHECK(users(report).size() == 12);
  }

  TEST_CASE("ten who agree on the highest score are an attack though it is not far from the usual one") {
    Population population{19};
    // Liked by most, so that five stars lie less than four standard errors above the mean.
    for (std::int64_t user = 1; user <= 9; ++user)
      population.add(user, 900, user <= 2 ? 1 : 4.5F, kBegin + user * 110 * kDay);
    const auto found = [&](std::int64_t bots) {
      auto crowd = population;
      for (std::int64_t bot = 1; bot <= bots; ++bot)
        crowd.add(2'000 + bot, 900, 5, kBegin + 500 * kDay + crowd.number(0, 3'600));
      return users(crowd.report()).size();
    };

    CHECK(found(10) == 10);
    CHECK(found(9) == 0);  // so many agree by chance
  }

  TEST_CASE("who rates hundreds of films in minutes, one of them like its attackers, is not one of them") {
    for (unsigned seed = 20; seed <= 24; ++seed) {
      Population population{seed};
      const auto day = kBegin + 500 * kDay;
      for (std::int64_t bot = 2'001; bot <= 2'012; ++bot) {
        auto time = day + population.number(0, kDay);
        population.add(bot, 30, 0.5F, time);
        const auto films = population.number(30, 80);
        for (std::int64_t n = 0; n < films; ++n) {
          const auto film = static_cast<std::int32_t>(population.number(1, 300));
          population.add(bot, film, population.opinion(film), time += population.number(2, 20));
        }
      }
      population.add(3'000, 30, 0.5F, day);
      for (std::int32_t film = 31; film <= 300; ++film)
        population.add(3'000, film, population.opinion(film), day + population.number(0, 300));

      const auto found = users(population.report());

      CHECK(found.size() == 12);
      CHECK(std::count(found.begin(), found.end(), 3'000) == 0);
    }
  }

  TEST_CASE("a crowd that thinks of a film what everybody thinks is no attack") {
    Population population{8};
    for (std::int64_t user = 1; user <= 200; ++user)
      population.add(user, 30, population.opinion(30), kBegin + 500 * kDay + population.number(0, 3'600));

    const auto report = population.report();

    CHECK(report.attacks.empty());
    CHECK(users(report).empty());
  }

  TEST_CASE("clones are listed, whatever their hours") {
    Population population{9};
    for (std::int32_t n = 1; n <= 25; ++n) {
      const auto score = population.opinion(n);
      for (const std::int64_t bot : {2'001, 2'002, 2'003})
        population.add(bot, n, score, kBegin + population.number(0, 900) * kDay);
    }

    const auto report = population.report();

    CHECK(users(report) == std::vector<std::int64_t>{2'001, 2'002, 2'003});
    CHECK(report.suspects[0].reasons[0].words ==
          "rated the same films with the same scores as 2 other accounts");
  }

  TEST_CASE("a lock-step group is listed though its scores differ") {
    Population population{10};
    for (std::int32_t n = 1; n <= 30; ++n) {
      for (std::int64_t bot = 2'001; bot <= 2'005; ++bot)
        population.add(bot, n, population.opinion(n), kBegin + n * 3 * 3'600 + population.number(0, 300));
    }

    const auto report = population.report();

    CHECK(users(report) == std::vector<std::int64_t>{2'001, 2'002, 2'003, 2'004, 2'005});
    for (const auto& suspect : report.suspects) CHECK(has(suspect, Signal::lock_step));
  }

  TEST_CASE("people who come in a crowd meet each other on popular films, and nobody is listed for that") {
    for (unsigned seed = 25; seed <= 27; ++seed) {
      for (const std::int64_t hours : {1, 24}) {
        CAPTURE(hours);
        Population population{seed};
        for (std::int64_t user = 5'001; user <= 5'500; ++user) {
          auto time = kBegin + 500 * kDay + population.number(0, hours * 3'600);
          for (const auto film : population.some_films(25))
            population.add(user, film, population.opinion(film), time += population.number(5, 90));
        }

        CHECK(users(population.report()).empty());
      }
    }
  }

  TEST_CASE("a lock-step group is found in a crowd") {
    Population population{28};
    const auto films = population.some_films(25);
    for (std::int64_t user = 5'001; user <= 5'500; ++user) {
      auto time = kBegin + 500 * kDay;
      for (const auto film : user <= 5'005 ? films : population.some_films(25))
        population.add(user, film, population.opinion(film), time += 30);
    }

    CHECK(users(population.report()) == std::vector<std::int64_t>{5'001, 5'002, 5'003, 5'004, 5'005});
  }

  TEST_CASE("one pace is one reason: who only rates fast is not listed, however the seconds fall") {
    using Pace = std::function<std::int64_t(std::int64_t)>;
    Population population{29};
    std::int64_t user = 6'000;
    for (const Pace& second :
         {Pace{[](auto) { return 0; }}, Pace{[](auto n) { return n; }}, Pace{[](auto n) { return 2 * n; }},
          Pace{[](auto n) { return n / 2; }}, Pace{[](auto n) { return n / 10 * 30; }},
          Pace{[](auto n) { return n * 5 / 4; }}}) {
      for (int person = 0; person < 10; ++person) {
        const auto begin = kBegin + population.number(0, 900 * kDay);
        ++user;
        std::int64_t n = 0;
        for (const auto film : population.some_films(static_cast<int>(population.number(25, 59))))
          population.add(user, film, population.opinion(film), begin + second(n++));
      }
    }
    // Pages of films that are all right.
    for (std::int64_t page = 7'001; page <= 7'010; ++page) {
      for (const auto film : population.some_films(30)) population.add(page, film, 4, kBegin + page * 3'600);
    }

    CHECK(users(population.report()).empty());
  }

  TEST_CASE("where everybody has one time, as after an import, that tells nothing") {
    Population population{30};
    for (std::int64_t user = 8'001; user <= 9'000; ++user) {
      for (const auto film : population.some_films(40))
        population.add(user, film, population.opinion(film), kBegin + 500 * kDay + user);
    }

    CHECK(users(population.report()).empty());
    const auto all =
        population.report({.min_ratings = 20, .min_score = 1, .since = 0, .movie = {}, .top = {}});
    for (const auto& suspect : all.suspects) CHECK_FALSE(has(suspect, Signal::burst));
  }

  TEST_CASE("hundreds of honest ratings in minutes are a burst, and no reason to list anybody") {
    Population population{11};
    for (std::int64_t user = 3'001; user <= 3'020; ++user) {
      const auto evening = kBegin + population.number(0, 900) * kDay;
      for (std::int32_t film = 1; film <= 200; ++film)
        population.add(user, film, population.opinion(film), evening + population.number(0, 240));
    }

    CHECK(users(population.report()).empty());
    const auto all =
        population.report({.min_ratings = 20, .min_score = 1, .since = 0, .movie = {}, .top = {}});
    // Their pace is said once, as what shows it best.
    CHECK(std::count_if(all.suspects.begin(), all.suspects.end(), [](const Suspect& suspect) {
            return suspect.user.value > 3'000 && has(suspect, Signal::burst) != has(suspect, Signal::rhythm);
          }) == 20);
  }

  TEST_CASE("who gives everything the lowest score like a clock is listed, who does in its own time is not") {
    Population population{12};
    for (std::int32_t film = 1; film <= 100; ++film) {
      population.add(4'000, film, 0.5F, kBegin + film * 3);
      population.add(4'001, film + 100, 0.5F, kBegin + population.number(0, 1'000 * kDay));
    }

    const auto report = population.report();

    REQUIRE(users(report) == std::vector<std::int64_t>{4'000});
    CHECK(has(report.suspects[0], Signal::one_sided) != has(report.suspects[0], Signal::deviation));
    CHECK(has(report.suspects[0], Signal::rhythm));
  }

  TEST_CASE("a film given keeps only those who rated it, and sees smaller attacks on it") {
    Population population{13};
    for (std::int64_t bot = 2'001; bot <= 2'007; ++bot)
      population.add(bot, 30, 5, kBegin + 500 * kDay + population.number(0, 3'600));
    for (std::int32_t film = 100; film <= 200; ++film) population.add(4'000, film, 0.5F, kBegin + film * 3);
    SuspectQuery query;
    CHECK(population.report(query).attacks.empty());

    query.movie = MovieId{30};
    const auto report = population.report(query);

    CHECK(report.attacks.size() == 1);
    const auto found = users(report);
    CHECK(std::count_if(found.begin(), found.end(), [](auto user) { return user > 2'000 && user < 3'000; }) ==
          7);
    CHECK(std::count(found.begin(), found.end(), 4'000) == 0);
  }

  TEST_CASE("only ratings since a time count, for the population too") {
    Population population{14};
    for (std::int64_t bot = 2'001; bot <= 2'020; ++bot) population.add(bot, 30, 5, kBegin + 500 * kDay);
    SuspectQuery query;
    query.since = kBegin + 600 * kDay;

    const auto report = population.report(query);

    CHECK(report.attacks.empty());
    CHECK(report.ratings < population.ratings().size());
    CHECK(report.accounts <= 1'000);
  }

  TEST_CASE("top keeps the highest scores") {
    Population population{15};
    for (std::int32_t film = 1; film <= 100; ++film) {
      population.add(4'000, film, 0.5F, kBegin + film * 3);
      for (const std::int64_t bot : {2'001, 2'002}) population.add(bot, film, 4, kBegin + film * 11 * kDay);
    }
    SuspectQuery query;
    query.top = 1;
    CHECK(population.report(query).suspects.size() == 1);
    CHECK(population.report(query).suspects[0].score == population.report().suspects[0].score);
  }

  TEST_CASE("an empty store has no accounts and no suspects") {
    FakeScan nothing{{}};
    const auto report = find_suspects(nothing, {});
    CHECK(report.accounts == 0);
    CHECK(report.suspects.empty());
  }
}
