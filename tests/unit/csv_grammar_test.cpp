#include "csv/block_parser.hpp"
#include "csv/block_reader.hpp"
#include "csv_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace ratings::test {
namespace {

using namespace std::string_literals;

const std::string kHeader = "userId,movieId,rating,timestamp\n";

Outcome with_header(const std::string& line) { return read_csv(kHeader + line + "\n"); }

std::string code_of(const std::string& line) {
  const auto outcome = with_header(line);
  return outcome.bad.empty() ? "good" : outcome.bad.front().code;
}

Rating row(std::int64_t user, std::int32_t movie, float score, std::int64_t timestamp) {
  return {.user = UserId{user}, .movie = MovieId{movie}, .score = score, .timestamp = timestamp};
}

}  // namespace

TEST_SUITE("csv grammar") {
  TEST_CASE("a plain row is read") {
    CHECK(with_header("1,31,2.5,1260759144").rows == std::vector{row(1, 31, 2.5F, 1260759144)});
  }

  TEST_CASE("a byte order mark, CRLF, mixed line ends and a missing last newline change nothing") {
    const std::vector expected{row(1, 2, 3, 4), row(5, 6, 0.5F, 8), row(9, 10, 4, 12)};

    const auto outcome =
        read_csv("\xEF\xBB\xBFuserId,movieId,rating,timestamp\r\n1,2,3.0,4\n5,6,.5,8\r\n9,10,4,12");

    CHECK(outcome.rows == expected);
    CHECK(outcome.bad.empty());
    CHECK(outcome.lines == 3);
    CHECK(outcome.header == "userId,movieId,rating,timestamp");
  }

  TEST_CASE("the limits of each column are inside, the next number is not") {
    CHECK(code_of("9223372036854775807,2147483647,10,253402300799") == "good");
    CHECK(code_of("0,0,0,0") == "good");
    CHECK(code_of("9223372036854775808,1,1,1") == "E_RANGE");
    CHECK(code_of("1,2147483648,1,1") == "E_RANGE");
    CHECK(code_of("1,1,10.1,1") == "E_RANGE");
    CHECK(code_of("1,1,1,253402300800") == "E_RANGE");
  }

  TEST_CASE("an integer is digits and nothing else") {
    for (const auto* text : {"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x1", "1_000", "a", "1\r"}) {
      CAPTURE(text);
      CHECK(code_of(text + ",1,1,1"s) == "E_INT");
      CHECK(code_of("1,"s + text + ",1,1") == "E_INT");
    }
    CHECK(code_of("007,1,1,1") == "good");
  }

  TEST_CASE("a rating is a decimal number that a float can hold") {
    for (const auto* text :
         {"", "NaN", "nan", "Infinity", "inf", "-0", "-1", "+1", " 1", "1 ", "0x1p1", ".", "1e", "1,5"}) {
      CAPTURE(text);
      CHECK(code_of("1,1,"s + text + ",1") == (std::string_view{text} == "1,5" ? "E_COLS" : "E_RATING"));
    }
    CHECK(code_of("1,1,1e400,1") == "E_RANGE");
    CHECK(code_of("1,1,1e-50,1") == "E_RANGE");
    CHECK(with_header("1,1,3.3333333333333333,1").rows.at(0).score == 3.3333333333333333F);
    CHECK(with_header("1,1,1e1,1").rows.at(0).score == 10.0F);
    CHECK(with_header("1,1,4.,1").rows.at(0).score == 4.0F);
  }

  TEST_CASE("short, long and blank lines, open and stray quotes, NUL and psql's end marker are bad rows") {
    CHECK(code_of("1,2,3") == "E_COLS");
    CHECK(code_of("1,2,3,4,5") == "E_COLS");
    CHECK(code_of("") == "E_BLANK");
    CHECK(code_of("1,2,\"3,4") == "E_QUOTE");
    CHECK(code_of("1,2,3\",4") == "E_QUOTE");
    CHECK(code_of("1,2,\"3\"x,4") == "E_QUOTE");
    CHECK(code_of("1,2,3,4"s + '\0') == "E_NUL");
    CHECK(code_of("\\.") == "E_MARKER");
    CHECK(code_of("\xFF\xFE,2,3,4") == "E_INT");
    CHECK(code_of(std::string(70'000, '1')) == "E_LONG");
  }

  TEST_CASE("rows after a bad one are read, and the bad one keeps its place and its bytes") {
    const auto outcome = read_csv(kHeader + "1,2,3,4\r\nx,y\r\n\\.\n5,6,4.5,8");

    CHECK(outcome.rows == std::vector{row(1, 2, 3, 4), row(5, 6, 4.5F, 8)});
    REQUIRE(outcome.bad.size() == 2);
    CHECK(outcome.bad[0].line == 3);
    CHECK(outcome.bad[0].byte_offset == kHeader.size() + 9);
    CHECK(outcome.bad[0].bytes == "x,y\r\n");
    CHECK(outcome.bad[1].line == 4);
    CHECK(outcome.lines == 4);
  }

  TEST_CASE("quoted fields are read, with the delimiter and doubled quotes inside") {
    const auto outcome = read_csv(
        "\"userId\",title,movieId,\"rating\",timestamp\n\"1\",\"a, \"\"b\"\"\",\"2\",\"3.5\",\"4\"\n");

    CHECK(outcome.rows == std::vector{row(1, 2, 3.5F, 4)});
  }

  TEST_CASE("columns are found by name in any order and case, with or without underscores") {
    const auto outcome = read_csv("TIMESTAMP;x;Rating;MOVIE_ID;user_id\n4;;3.5;2;1\n", 1U << 20U, 1, ';');

    CHECK(outcome.rows == std::vector{row(1, 2, 3.5F, 4)});
  }

  TEST_CASE("a file without a header begins with its first row") {
    const auto outcome = read_csv("1,2,3.5,4\n5,6,4,8\n");

    CHECK(outcome.rows == std::vector{row(1, 2, 3.5F, 4), row(5, 6, 4, 8)});
    CHECK(outcome.lines == 2);
    CHECK(outcome.header == "userId,movieId,rating,timestamp");
  }

  TEST_CASE("a first line that tells no columns is refused, with the reason") {
    const auto starts = [](const Outcome& outcome, const std::string& text) {
      return outcome.error.starts_with(text);
    };
    CHECK(starts(read_csv(""), "f:1: the file is empty"));
    CHECK(starts(read_csv("\xEF\xBB\xBF"), "f:1: the file is empty"));
    CHECK(read_csv("userId,movieId,score,timestamp\n").error ==
          "f:1: the header 'userId,movieId,score,timestamp' has no column rating");
    CHECK(read_csv("userId,movieId,user_id,rating,timestamp\n").error == "f:1: two columns are named userId");
    CHECK(read_csv("userId;movieId;rating;timestamp\n").error.find("is the delimiter ',' right?") !=
          std::string::npos);
    CHECK(starts(read_csv("u\0s\0"s), "f:1: the line holds a NUL byte"));
    CHECK(starts(read_csv(std::string(100'000, 'a')), "f:1: the first line is longer than 64 KiB"));
    CHECK(starts(read_csv("\n1,2,3,4\n"), "f:1: '' is neither a header"));
  }

  TEST_CASE("a header alone is a file without rows") {
    CHECK(read_csv(kHeader).lines == 0);
    CHECK(read_csv(kHeader).error.empty());
  }

  TEST_CASE("a reason can be printed, whatever the line holds, and is short") {
    const auto outcome = with_header("\x1b[31m" + std::string(500, 'x') + ",2,3,4");

    CHECK(outcome.reasons.at(0) == "userId '\\x1b[31m" + std::string(35, 'x') + "…' is not a whole number");
  }

  TEST_CASE("a line of 300 MB is one bad row, and its bytes come in pieces") {
    // Made up as it is read: no test should hold it in memory either.
    class Endless final : public csv::ByteSource {
     public:
      std::size_t read(std::span<char> into) override {
        const auto size = std::min<std::size_t>(into.size(), 300'000'000 - given_);
        std::fill_n(into.begin(), size, '7');
        const auto header = "userId,movieId,rating,timestamp\n"s;
        if (given_ == 0) std::copy(header.begin(), header.end(), into.begin());
        given_ += size;
        return size;
      }
      std::uint64_t consumed() const noexcept override { return given_; }
      std::optional<std::uint64_t> total() const noexcept override { return std::nullopt; }

     private:
      std::size_t given_ = 0;
    };
    struct Counter final : csv::BadRowSink {
      void bad_row(const csv::BadRow& bad) override { faults.push_back(bad.fault); }
      void bad_bytes(std::string_view bytes) override {
        sum += bytes.size();
        largest = std::max(largest, bytes.size());
      }
      std::vector<csv::Fault> faults;
      std::size_t sum = 0;
      std::size_t largest = 0;
    };
    Endless source;
    Counter counter;

    csv::BlockReader reader{source, "f", ','};
    csv::BlockParser parser{reader.layout()};
    csv::Block block;
    while (reader.next(block)) {
      CHECK(parser.parse(block).empty());
      parser.report(reader.first_line(), counter);
    }

    CHECK(counter.faults == std::vector{csv::Fault::too_long});
    CHECK(counter.sum == 300'000'000 - kHeader.size());
    CHECK(counter.largest < 1'000'000);
  }
}

}  // namespace ratings::test
