#include "csv_support.hpp"

#include "ratings/history_view.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

namespace ratings::test {
namespace {

using namespace std::string_literals;

const std::string kObject = R"({"user_id":1,"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"})"
                            "\n";
const Rating kObjectRow{.user = UserId{1}, .movie = MovieId{31}, .score = 2.5F, .timestamp = 1260759144};

const std::string kAsExported = ": lines are read as 'ratingsctl export -o ndjson' writes them";

/// kObject with another value for one of its keys, given as JSON.
std::string with(const std::string& key, const std::string& value) {
  const auto from = kObject.find("\"" + key + "\":") + key.size() + 3;
  auto line = kObject;
  return line.replace(from, line.find_first_of(",}", from) - from, value);
}

/// The line stands behind a good one.
std::string object_reason(const std::string& line) {
  const auto outcome = read_csv(kObject + line);
  CHECK(outcome.rows.size() + outcome.bad.size() == 2);
  return outcome.bad.empty() ? "good" : outcome.bad.front().code + ": " + outcome.reasons.front();
}

std::string object_code(const std::string& line) {
  const auto reason = object_reason(line);
  return reason.substr(0, reason.find(':'));
}

float score_of(const std::string& value) { return read_csv(with("rating", value)).rows.at(0).score; }

/// Any float from 0 to 10, all exponents alike: the bits of those floats are in their order.
Rating random_rating(std::mt19937& random) {
  const auto below = [&](std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>{0, limit}(random);
  };
  const auto bits = static_cast<std::uint32_t>(below(std::bit_cast<std::uint32_t>(kMaxScore)));
  return {.user = UserId{static_cast<std::int64_t>(below(INT64_MAX))},
          .movie = MovieId{static_cast<std::int32_t>(below(INT32_MAX))},
          .score = std::bit_cast<float>(bits),
          .timestamp = static_cast<std::int64_t>(below(kMaxTimestamp))};
}

}  // namespace

TEST_SUITE("ndjson") {
  TEST_CASE("what export writes is read back as the same rows, in pieces of any size") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::vector<Rating> rows{{.user = UserId{0}, .movie = MovieId{0}, .score = 0, .timestamp = 0},
                             {.user = UserId{INT64_MAX},
                              .movie = MovieId{INT32_MAX},
                              .score = kMaxScore,
                              .timestamp = kMaxTimestamp}};
    while (rows.size() < 20'000) rows.push_back(random_rating(random));
    std::string text;
    for (const auto& row : rows) append_ndjson_line(text, row);

    for (const std::size_t largest : {7U, 70'000U, 1'000'000U}) {
      const auto outcome = read_csv(text, largest, seed);
      CHECK(outcome.error.empty());
      CHECK((outcome.reasons == std::vector<std::string>{}));
      CHECK((outcome.rows == rows));
      CHECK(outcome.lines == rows.size());
    }
  }

  TEST_CASE("a byte order mark, CRLF, a missing last newline and the delimiter change nothing") {
    const auto line = kObject.substr(0, kObject.size() - 1);

    const auto outcome = read_csv("\xEF\xBB\xBF" + line + "\r\n" + line + "\n" + line, 1U << 20U, 1, ';');

    CHECK(outcome.rows == std::vector{kObjectRow, kObjectRow, kObjectRow});
    CHECK(outcome.bad.empty());
    CHECK(outcome.header.empty());
  }

  TEST_CASE("keys come in any order, with any white space, and may be written with escapes") {
    const auto outcome = read_csv(
        "  {\t\"timestamp\" : \"2009-12-14 02:52:24\", \"rating\":25e-1 ,\"movie_id\":31,\r "
        "\"user\\u005Fid\": 1 } \t\n");

    CHECK(outcome.rows == std::vector{kObjectRow});
  }

  TEST_CASE("the limits of each column are inside, the next value is not") {
    CHECK(object_code(with("user_id", "9223372036854775807")) == "good");
    CHECK(object_code(with("movie_id", "2147483647")) == "good");
    CHECK(object_code(with("rating", "10.0")) == "good");
    CHECK(object_code(with("timestamp", "\"9999-12-31 23:59:59\"")) == "good");
    for (const auto* large : {"9223372036854775808", "18446744073709551615", "99999999999999999999"}) {
      CAPTURE(large);
      CHECK(object_code(with("user_id", large)) == "E_RANGE");
      CHECK(object_code(with("movie_id", large)) == "E_RANGE");
      CHECK(object_code(with("rating", large)) == "E_RANGE");
    }
    CHECK(object_reason(with("movie_id", "2147483648")) ==
          "E_RANGE: movie_id '2147483648' is greater than 2147483647");
    CHECK(object_code(with("rating", "10.1")) == "E_RANGE");
    CHECK(object_code(with("rating", "1e-50")) == "E_RANGE");
    CHECK(object_reason(with("rating", "1e400")) ==
          "E_RANGE: rating '1e400' is too large or too small to be stored");
    CHECK(object_reason(with("timestamp", "\"1969-12-31 23:59:59\"")) ==
          "E_RANGE: timestamp '1969-12-31 23:59:59' is before 1970");
  }

  TEST_CASE("an id is digits, a rating a number without a sign, a time just as export writes it") {
    for (const auto* text : {"-1", "-0", "1.0", "1e3", "1e400", "\"1\"", "null", "true", "[1]", "{}"}) {
      CAPTURE(text);
      CHECK(object_code(with("user_id", text)) == "E_INT");
      CHECK(object_code(with("movie_id", text)) == "E_INT");
    }
    for (const auto* text : {"-1", "-0", "-0.0", "\"4\"", "null", "false", "[4,5]", "{\"user_id\":1}"}) {
      CAPTURE(text);
      CHECK(object_code(with("rating", text)) == "E_RATING");
    }
    for (const auto* text : {"1260759144", "1e400", "null", "[]", "\"\"", "\"1260759144\"", "\"2009-12-14\"",
                             "\"2009-12-14T02:52:24\"", "\"2009-12-14 02:52:24Z\"", "\"2009-02-29 02:52:24\"",
                             "\"2009-12-14 24:00:00\"", "\"10000-01-01 00:00:00\""}) {
      CAPTURE(text);
      CHECK(object_code(with("timestamp", text)) == "E_TIME");
    }
    CHECK(object_reason(with("user_id", "\"1\"")) == "E_INT: user_id is a string, not a whole number");
    CHECK(object_reason(with("user_id", "1.5")) == "E_INT: user_id '1.5' is not a whole number");
    CHECK(object_reason(with("rating", "null")) == "E_RATING: rating is null, not a number");
    CHECK(object_reason(with("timestamp", "12")) == "E_TIME: timestamp is a number, not a time in quotes");
    CHECK(object_reason(with("timestamp", "\"12:00\"")) ==
          "E_TIME: timestamp '12:00' is not a time YYYY-MM-DD HH:MM:SS");
  }

  TEST_CASE("a rating is the float nearest to the decimal as it is written") {
    // Halfway between two floats but for its last digits, which the nearest double does not have.
    const auto text = "1.00000005960464477539062501"s;
    REQUIRE(static_cast<float>(std::stod(text)) != std::stof(text));
    CHECK(score_of(text) == std::stof(text));
    CHECK_FALSE(std::signbit(score_of("0.0")));
  }

  TEST_CASE("each key is there once, and no other") {
    CHECK(object_reason(R"({"user_id":1,"movie_id":31,"rating":2.5})") ==
          "E_KEYS: there is no timestamp" + kAsExported);
    CHECK(object_reason("{}") == "E_KEYS: there is no user_id" + kAsExported);
    CHECK(object_reason(R"({"user_id":1,"user_id":1})") == "E_KEYS: user_id stands twice");
    CHECK(object_reason(R"({"userId":1})") == "E_KEYS: there is a key 'userId'");
    CHECK(object_reason("{\"\x1B\\u0000\":1}").starts_with("E_JSON: "));
    CHECK(object_reason("{\"\\u001B[31m\":1}") == "E_KEYS: there is a key '\\x1b[31m'");
    CHECK(object_reason(R"({"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"})") ==
          "E_KEYS: there is no user_id" + kAsExported);  // a line of /rates
  }

  TEST_CASE("what is not one JSON object on one line is a bad row") {
    const auto line = kObject.substr(0, kObject.size() - 1);
    for (const auto& text : {"[" + line + "]", "1,31,2.5,1260759144"s, R"("x")"s, "null"s, " "s,
                             "\xEF\xBB\xBF" + line, "\xFF\xFE"s, "//" + line}) {
      CAPTURE(text);
      CHECK(object_reason(text).ends_with(" is not a JSON object"));
      CHECK(object_code(text) == "E_JSON");
    }
    for (const auto& text :
         {line + line, line + ",", line + "x", "{" + line, "{'user_id':1}"s, R"({"user_id":01})"s,
          R"({"user_id":1,})"s, R"({"user_id":NaN})"s, "{\"user\xFF\":1}"s, "{/**/}"s}) {
      CAPTURE(text);
      CHECK(object_reason(text).find("E_JSON: the line is not one JSON object, see its byte ") == 0);
    }
    for (std::size_t size = 1; size < line.size(); ++size) {
      CAPTURE(size);
      CHECK(object_reason(line.substr(0, size)) ==
            "E_JSON: the line ends inside of its JSON object" + kAsExported);
    }
    CHECK(object_reason(line + "}").ends_with("see its byte " + std::to_string(line.size() + 1)));
    CHECK(object_code("\n") == "E_BLANK");
    CHECK(object_code(line + '\0') == "E_NUL");
    CHECK(object_code("{" + std::string(70'000, ' ') + line.substr(1)) == "E_LONG");
    CHECK(object_code("{" + std::string(65'000, ' ') + line.substr(1)) == "good");
    CHECK(object_reason(std::string(60'000, '[')).starts_with("E_JSON: "));
  }

  TEST_CASE("a bad first line is a bad row like any other, also one that is too long") {
    struct Case {
      std::string line, code;
    };
    for (const auto& [line, code] : std::vector<Case>{{"{\"user_id\":1\n", "E_JSON"},
                                                      {"{}\r\n", "E_KEYS"},
                                                      {"{" + std::string(70'000, ' ') + "\n", "E_LONG"},
                                                      {"{" + std::string(600'000, ' ') + "\n", "E_LONG"},
                                                      {"{\0}\n"s, "E_NUL"}}) {
      const auto& fault = code;  // clang captures no binding
      CAPTURE(fault);
      const auto outcome = read_csv(line + kObject, 1000);

      CHECK(outcome.error.empty());
      CHECK(outcome.rows == std::vector{kObjectRow});
      REQUIRE(outcome.bad.size() == 1);
      CHECK((outcome.bad[0] == SeenBad{1, 0, code, line}));
      CHECK(outcome.lines == 2);
    }
  }

  TEST_CASE("bad lines keep their places and their bytes") {
    const auto outcome = read_csv(kObject + "{\"user_id\":1}\r\n\n" + kObject + "{");

    CHECK(outcome.rows == std::vector{kObjectRow, kObjectRow});
    REQUIRE(outcome.bad.size() == 3);
    CHECK((outcome.bad[0] == SeenBad{2, kObject.size(), "E_KEYS", "{\"user_id\":1}\r\n"}));
    CHECK((outcome.bad[1] == SeenBad{3, kObject.size() + 15, "E_BLANK", "\n"}));
    CHECK((outcome.bad[2] == SeenBad{5, 2 * kObject.size() + 16, "E_JSON", "{"}));
  }

  TEST_CASE("in a CSV file an object is a bad row, and a file that begins with neither is refused") {
    CHECK(read_csv("userId,movieId,rating,timestamp\n" + kObject).bad.at(0).code == "E_QUOTE");
    for (const auto* const array : {"[{\"user_id\":1}]", " [ {\n", "[\n{}]", "[]"}) {
      CAPTURE(array);
      CHECK(read_csv(array).error ==
            "f:1: the file is one JSON array; CSV is read, and NDJSON as 'ratingsctl "
            "export -o ndjson' writes it");
    }
    CHECK(read_csv("\n" + kObject).error.starts_with("f:1: '' is neither a header"));
  }
}

}  // namespace ratings::test
