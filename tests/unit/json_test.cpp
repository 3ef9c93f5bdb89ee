#include "ratings/error.hpp"
#include "ratings/history_view.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <random>

using namespace ratings;

namespace {

Rating rating(std::int32_t movie, float score, std::int64_t timestamp) {
  return {.user = UserId{7}, .movie = MovieId{movie}, .score = score, .timestamp = timestamp};
}

bool refused(std::string_view body) {
  try {
    (void)from_json(UserId{7}, body);
    return false;
  } catch (const Error& error) {
    return error.kind() == Kind::internal;
  }
}

}  // namespace

TEST_SUITE("json") {
  TEST_CASE("a history is a bare array with the bytes of the contract") {
    const std::vector<Rating> history{rating(4119470, 4, 1567504800), rating(31, 2.5F, 1260759144)};

    CHECK(to_json(history) == R"([{"movie_id":4119470,"rating":4,"timestamp":"2019-09-03 10:00:00"},)"
                              R"({"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"}])");
    CHECK(to_json({}) == "[]");
  }

  TEST_CASE("NDJSON has one object a line and CSV the columns of ratings.csv") {
    const std::vector<Rating> history{rating(31, 2.5F, 1260759144), rating(1029, 3, 1260759179)};

    CHECK(to_ndjson(history) ==
          "{\"movie_id\":31,\"rating\":2.5,\"timestamp\":\"2009-12-14 02:52:24\"}\n"
          "{\"movie_id\":1029,\"rating\":3,\"timestamp\":\"2009-12-14 02:52:59\"}\n");
    CHECK(to_csv(history) == "userId,movieId,rating,timestamp\n7,31,2.5,1260759144\n7,1029,3,1260759179\n");
    CHECK(to_ndjson({}).empty());
    CHECK(to_csv({}) == "userId,movieId,rating,timestamp\n");
  }

  TEST_CASE("scores are written in their shortest form") {
    CHECK(format_score(4.0F) == "4");
    CHECK(format_score(3.5F) == "3.5");
    CHECK(format_score(0.0F) == "0");
    CHECK(format_score(0.1F) == "0.1");
    CHECK(format_score(10.0F) == "10");
  }

  TEST_CASE("whatever is written is valid JSON and is read back bit by bit") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<std::int32_t> movie{0, std::numeric_limits<std::int32_t>::max()};
    std::uniform_real_distribution<float> score{0, kMaxScore};
    std::uniform_int_distribution<std::int64_t> time{0, kMaxTimestamp};
    std::vector<Rating> history{rating(0, 0, 0),
                                rating(std::numeric_limits<std::int32_t>::max(), kMaxScore, kMaxTimestamp),
                                rating(1, std::numeric_limits<float>::denorm_min(), 1)};
    for (int i = 0; i < 20'000; ++i) history.push_back(rating(movie(random), score(random), time(random)));

    const auto text = to_json(history);

    CHECK(from_json(UserId{7}, text) == history);
    const auto parsed = nlohmann::json::parse(text);
    REQUIRE(parsed.size() == history.size());
    CHECK(parsed[1]["movie_id"] == std::numeric_limits<std::int32_t>::max());
    CHECK(parsed[1]["timestamp"] == "9999-12-31 23:59:59");
  }

  TEST_CASE("the reader takes nothing that the writer would not write") {
    const std::string good = to_json(std::vector{rating(31, 2.5F, 1260759144)});
    REQUIRE_FALSE(refused(good));
    REQUIRE_FALSE(refused("[]"));

    CHECK(refused(""));
    CHECK(refused("["));
    CHECK(refused("[]\n"));
    CHECK(refused("[,]"));
    for (std::size_t length = 0; length < good.size(); ++length) CHECK(refused(good.substr(0, length)));
    const auto with = [&good](std::string_view from, std::string_view to) {
      return std::string{good}.replace(good.find(from), from.size(), to);
    };
    CHECK(refused(with("31", "031")));
    CHECK(refused(with("31", "-31")));
    CHECK(refused(with("31", "2147483648")));
    CHECK(refused(with("2.5", "2.50")));
    CHECK(refused(with("2.5", "10.5")));
    CHECK(refused(with("2.5", "-0")));
    CHECK(refused(with("2.5", "nan")));
    CHECK(refused(with("2009-12-14", "2009-02-30")));
    CHECK(refused(with("2009-12-14", "1969-12-31")));
    CHECK(refused(with(" 02", "T02")));
    CHECK(refused(with(",", ", ")));
    CHECK(refused(with("}]", "},]")));
  }
}
