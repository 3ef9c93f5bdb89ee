#include "json/number.hpp"

#include "ratings/history_view.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

using namespace ratings;

namespace {

Rating rating(const char* time, std::int32_t movie, float score) {
  return {.user = UserId{7}, .movie = MovieId{movie}, .score = score, .timestamp = parse_time(time).value()};
}

std::vector<Rating> random_history(std::mt19937_64& random) {
  std::uniform_int_distribution<std::int64_t> time{0, 2'000'000'000};
  std::vector<Rating> history(1 + random() % 200);
  for (auto& one : history) {
    one.movie.value = static_cast<std::int32_t>(random() % 50);
    one.score = static_cast<float>(1 + random() % 10) / 2;
    // Often the same day and the same second.
    one.timestamp = time(random) / 86'400'000 * 86'400'000 + static_cast<std::int64_t>(random() % 200'000);
  }
  std::sort(history.begin(), history.end(), older);
  return history;
}

/// Half stars as whole numbers of halves: exact, and nothing in common with the code under test.
struct Reference {
  std::int64_t count = 0;
  std::int64_t halves = 0;
  std::int64_t squared_halves = 0;
  std::multiset<int> sorted;
  std::set<std::int32_t> movies;
  std::set<std::string> days;
  std::map<std::string, std::pair<int, int>> years;  ///< count, halves

  explicit Reference(const std::vector<Rating>& history) {
    for (const auto& r : history) {
      const int half = static_cast<int>(r.score * 2);
      ++count;
      halves += half;
      squared_halves += half * half;
      sorted.insert(half);
      movies.insert(r.movie.value);
      const auto time = format_time(r.timestamp);
      days.insert(time.substr(0, 10));
      auto& [year_count, year_halves] = years[time.substr(0, 4)];
      ++year_count;
      year_halves += half;
    }
  }
  /// Half of sum/count in hundredths, rounded half up, in whole numbers.
  static double rounded_half(std::int64_t sum, std::int64_t n) {
    return static_cast<double>((sum * 100 + n) / (2 * n)) / 100;
  }
  double mean() const { return rounded_half(halves, count); }
  double variance() const {
    const auto n = static_cast<double>(count);
    return (static_cast<double>(squared_halves) - static_cast<double>(halves * halves) / n) / n / 4;
  }
  double median() const {
    const std::vector<int> all{sorted.begin(), sorted.end()};
    return (all[(all.size() - 1) / 2] + all[all.size() / 2]) / 4.0;
  }
};

}  // namespace

TEST_SUITE("profile") {
  TEST_CASE("a profile has exactly the contract's keys in its order") {
    const std::vector history{rating("2009-12-14 02:52:24", 31, 2.5F), rating("2009-12-14 02:52:59", 1029, 3),
                              rating("2016-10-16 00:00:00", 31, 5), rating("2016-10-17 00:00:00", 40, 0)};

    CHECK(profile_json(UserId{7}, history) ==
          R"({"user_id":7,"num_rating":4,"avg_rating":2.63,"distinct_movies":3,"re_ratings":1,"stddev":1.78,)"
          R"("median":2.75,"min":0,"max":5,)"
          R"("histogram":{"0":1,"0.5":0,"1":0,"1.5":0,"2":0,"2.5":1,"3":1,"3.5":0,"4":0,"4.5":0,"5":1},)"
          R"("first":"2009-12-14 02:52:24","last":"2016-10-17 00:00:00","active_days":3,)"
          R"("by_year":[{"year":2009,"count":2,"avg":2.75},{"year":2016,"count":2,"avg":2.5}],)"
          R"("recent":[{"movie_id":40,"rating":0,"timestamp":"2016-10-17 00:00:00"},)"
          R"({"movie_id":31,"rating":5,"timestamp":"2016-10-16 00:00:00"},)"
          R"({"movie_id":1029,"rating":3,"timestamp":"2009-12-14 02:52:59"},)"
          R"({"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"}]})");
  }

  TEST_CASE("an empty history has no profile") { CHECK_FALSE(profile_json(UserId{7}, {})); }

  TEST_CASE("a single rating is its own minimum, maximum and median, and deviates by nothing") {
    const auto profile =
        nlohmann::json::parse(profile_json(UserId{7}, std::vector{rating("2016-10-16", 1, 3.7F)}).value());

    CHECK(profile["avg_rating"] == 3.7);
    CHECK(profile["stddev"] == 0);
    CHECK(profile["median"] == 3.7);
    CHECK(profile["min"] == 3.7);
    CHECK(profile["max"] == 3.7);
    CHECK(profile["histogram"].size() == 11);
    CHECK(profile["histogram"]["3.7"] == 1);
    CHECK(profile["recent"].size() == 1);
  }

  TEST_CASE("other scores appear in the histogram in numeric order") {
    const auto text =
        profile_json(UserId{7}, std::vector{rating("2016-10-16", 1, 10), rating("2016-10-17", 1, 4.75F),
                                            rating("2016-10-18", 1, 0.25F)})
            .value();

    CHECK(text.find(R"({"0.25":1,"0.5":0,)") != std::string::npos);
    CHECK(text.find(R"("4.5":0,"4.75":1,"5":0,"10":1})") != std::string::npos);
  }

  TEST_CASE("the median of an even count is the mean of the middle two") {
    const auto profile = nlohmann::json::parse(
        profile_json(UserId{7}, std::vector{rating("2016-10-16", 1, 3.7F), rating("2016-10-17", 1, 3.8F)})
            .value());

    CHECK(profile["median"] == 3.75);
  }

  TEST_CASE("recent holds the five newest, newest first") {
    std::vector<Rating> history;
    for (int i = 1; i <= 7; ++i)
      history.push_back({.user = UserId{7}, .movie = MovieId{i}, .score = 1, .timestamp = i});
    const auto recent = nlohmann::json::parse(profile_json(UserId{7}, history).value())["recent"];

    REQUIRE(recent.size() == 5);
    for (int i = 0; i < 5; ++i) CHECK(recent[static_cast<std::size_t>(i)]["movie_id"] == 7 - i);
  }

  TEST_CASE("two decimals are rounded half away from zero, on the decimal digits") {
    CHECK(json::two_decimals(0) == "0");
    CHECK(json::two_decimals(4) == "4");
    CHECK(json::two_decimals(3.5) == "3.5");
    CHECK(json::two_decimals(3.55) == "3.55");
    CHECK(json::two_decimals(2.675) == "2.68");  // the double is 2.67499999…
    CHECK(json::two_decimals(1.005) == "1.01");
    CHECK(json::two_decimals(2.674999) == "2.67");
    CHECK(json::two_decimals(9.995) == "10");
    CHECK(json::two_decimals(0.05) == "0.05");
    CHECK(json::two_decimals(0.004) == "0");
    CHECK(json::two_decimals(-0.004) == "0");
    CHECK(json::two_decimals(-2.675) == "-2.68");
    CHECK(json::two_decimals(1e-300) == "0");
    CHECK(json::two_decimals(10.0 / 3) == "3.33");
  }

  TEST_CASE("the numbers agree with a slow reference in whole numbers") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 300; ++round) {
      const auto history = random_history(random);
      const Reference expected{history};

      const auto profile = nlohmann::json::parse(profile_json(UserId{7}, history).value());

      CHECK(profile["num_rating"] == expected.count);
      CHECK(profile["avg_rating"] == expected.mean());
      CHECK(profile["distinct_movies"] == expected.movies.size());
      CHECK(profile["re_ratings"] == history.size() - expected.movies.size());
      CHECK(std::abs(profile["stddev"].get<double>() - std::sqrt(expected.variance())) <= 0.005 + 1e-9);
      CHECK(profile["median"] == expected.median());
      CHECK(profile["min"] == *expected.sorted.begin() / 2.0);
      CHECK(profile["max"] == *expected.sorted.rbegin() / 2.0);
      CHECK(profile["active_days"] == expected.days.size());
      CHECK(profile["first"] == format_time(history.front().timestamp));
      CHECK(profile["last"] == format_time(history.back().timestamp));
      REQUIRE(profile["by_year"].size() == expected.years.size());
      std::size_t i = 0;
      for (const auto& [year, sums] : expected.years) {
        const auto& one = profile["by_year"][i++];
        CHECK(one["year"] == std::stoi(year));
        CHECK(one["count"] == sums.first);
        CHECK(one["avg"] == Reference::rounded_half(sums.second, sums.first));
      }
      std::uint64_t total = 0;
      for (const auto& [score, count] : profile["histogram"].items()) total += count.get<std::uint64_t>();
      CHECK(total == history.size());
      CHECK(profile["histogram"]["3.5"] == expected.sorted.count(7));
    }
  }
}
