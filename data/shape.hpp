// The shape of the real file: who rates how much, which films, when, and with how many stars.
#pragma once

#include "random.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace maker {

// The real file: 26,024,289 ratings by 270,896 users on 45,115 films with ids up to 176,275.
constexpr std::uint64_t kRealRows = 26'024'289;
constexpr std::uint64_t kRealUsers = 270'896;
constexpr std::uint64_t kFilms = 45'115;
constexpr std::uint64_t kMostOfOne = 30'000;  // the real file's busiest has 18,276
constexpr std::uint64_t kFirstTime = 789'652'009;
constexpr std::uint64_t kLastTime = 1'501'829'957;

/// A number of stars is its place in here.
using Score = std::size_t;
constexpr std::array<const char*, 10> kScores{"0.5", "1.0", "1.5", "2.0", "2.5",
                                              "3.0", "3.5", "4.0", "4.5", "5.0"};
constexpr Score kWorst = 0;
constexpr Score kBest = kScores.size() - 1;

/// As often as in the real file.
Score pick_score(Random& random);

/// How many rows each user has: the real file's curve in random order, stretched to exactly `rows`.
std::vector<std::uint32_t> rows_of_users(std::uint64_t rows, std::uint64_t users, Random& random);

/// Films are places 0 … kFilms − 1, popular ones first. Their ids get sparser, as in the real file.
std::uint64_t film_id(std::uint64_t film);

/// Distinct films, ascending, popular ones more often.
class FilmPicker {
 public:
  const std::vector<std::uint64_t>& pick(std::uint64_t count, Random& random);

 private:
  std::array<std::uint64_t, kFilms / 64 + 1> chosen_{};
  std::vector<std::uint64_t> films_;
};

/// Times of one user: evenings of rating one film after the other, so that seconds coincide, some years
/// apart.
class Diary {
 public:
  Diary(std::uint64_t ratings, Random& random);
  std::uint64_t time() { return starts_[random_.below(starts_.size())] + random_.below(span_); }

 private:
  Random& random_;
  std::uint64_t span_ = 1;
  std::vector<std::uint64_t> starts_;
};

}  // namespace maker
