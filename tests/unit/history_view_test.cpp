#include "ratings/history_view.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace ratings;

namespace {

Rating rated_at(std::int64_t timestamp, std::int32_t movie, float score) {
  return {.user = UserId{1}, .movie = MovieId{movie}, .score = score, .timestamp = timestamp};
}

/// Few distinct values, so that most records have equals.
std::vector<Rating> history_full_of_ties(std::mt19937_64& random) {
  std::uniform_int_distribution<std::int64_t> time{100, 103};
  std::uniform_int_distribution<std::int32_t> movie{1, 3};
  std::uniform_int_distribution<int> halves{1, 3};
  std::vector<Rating> history(random() % 60);
  for (auto& one : history)
    one = rated_at(time(random), movie(random), static_cast<float>(halves(random)) / 2);
  std::sort(history.begin(), history.end(), older);
  return history;
}

HistoryFilter random_filter(std::mt19937_64& random) {
  HistoryFilter filter;
  if (random() % 3 == 0) filter.from = 100 + static_cast<std::int64_t>(random() % 4);
  if (random() % 3 == 0) filter.to = 101 + static_cast<std::int64_t>(random() % 4);
  if (random() % 3 == 0) filter.movies = {MovieId{1}, MovieId{3}};
  if (random() % 3 == 0) filter.min_score = 1.0F;
  filter.order = random() % 2 == 0 ? Order::asc : Order::desc;
  return filter;
}

/// What select() promises, said in another way: copy, then erase.
std::vector<Rating> reference(std::vector<Rating> history, const HistoryFilter& filter) {
  std::erase_if(history, [&](const Rating& r) {
    const bool listed =
        filter.movies.empty() || std::count(filter.movies.begin(), filter.movies.end(), r.movie) > 0;
    return r.timestamp < filter.from.value_or(0) || r.timestamp >= filter.to.value_or(kMaxTimestamp) ||
           !listed || r.score < filter.min_score.value_or(0);
  });
  if (filter.order == Order::desc) std::reverse(history.begin(), history.end());
  return history;
}

}  // namespace

TEST_SUITE("history_view") {
  TEST_CASE("no filter gives everything") {
    const std::vector history{rated_at(1, 2, 3), rated_at(2, 1, 4)};

    CHECK(HistoryFilter{}.everything());
    const auto page = select(history, {});

    CHECK(page.ratings == history);
    CHECK_FALSE(page.next);
  }

  TEST_CASE("each setting makes a filter that is not everything") {
    HistoryFilter filter;
    SUBCASE("from") { filter.from = 0; }
    SUBCASE("to") { filter.to = 0; }
    SUBCASE("movies") { filter.movies = {MovieId{1}}; }
    SUBCASE("min_score") { filter.min_score = 0.0F; }
    SUBCASE("limit") { filter.limit = 1; }
    SUBCASE("after") { filter.after = Cursor{}; }
    SUBCASE("order") { filter.order = Order::desc; }
    CHECK_FALSE(filter.everything());
  }

  TEST_CASE("from is included and to is not") {
    const std::vector history{rated_at(10, 1, 1), rated_at(20, 1, 1), rated_at(30, 1, 1)};
    HistoryFilter filter;
    filter.from = 10;
    filter.to = 30;

    CHECK(select(history, filter).ratings == std::vector{rated_at(10, 1, 1), rated_at(20, 1, 1)});
  }

  TEST_CASE("a limit that cuts nothing off leaves no next page") {
    const std::vector history{rated_at(10, 1, 1), rated_at(20, 1, 1)};
    HistoryFilter filter;

    filter.limit = 2;
    CHECK_FALSE(select(history, filter).next);
    filter.limit = 1;
    const auto page = select(history, filter);
    REQUIRE(page.next);
    CHECK(page.next->timestamp == 10);
    CHECK(page.next->seen == 1);
  }

  TEST_CASE("a cursor whose record is gone continues behind its place") {
    const std::vector history{rated_at(10, 1, 1), rated_at(20, 1, 1), rated_at(30, 1, 1)};
    HistoryFilter filter;
    filter.after = Cursor{.timestamp = 15, .movie = MovieId{1}, .score = 1, .seen = 2};

    CHECK(select(history, filter).ratings == std::vector{rated_at(20, 1, 1), rated_at(30, 1, 1)});
    filter.order = Order::desc;
    CHECK(select(history, filter).ratings == std::vector{rated_at(10, 1, 1)});
  }

  TEST_CASE("pages of any size add up to the whole, in both orders, among equal records too") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 500; ++round) {
      const auto history = history_full_of_ties(random);
      auto filter = random_filter(random);
      const auto whole = reference(history, filter);
      REQUIRE(select(history, filter).ratings == whole);

      for (std::uint64_t limit = 1; limit <= 7; ++limit) {
        filter.limit = limit;
        filter.after.reset();
        std::vector<Rating> walked;
        for (;;) {
          const auto page = select(history, filter);
          REQUIRE(page.ratings.size() <= limit);
          walked.insert(walked.end(), page.ratings.begin(), page.ratings.end());
          if (!page.next) break;
          REQUIRE(page.ratings.size() == limit);
          filter.after = page.next;
        }
        REQUIRE(walked == whole);
      }
      filter.limit.reset();
    }
  }
}
