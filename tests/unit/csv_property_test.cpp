#include "csv_reference.hpp"

#include <doctest/doctest.h>

namespace ratings::test {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
}

template <typename List>
std::string one_of(Random& random, const List& list) {
  return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(random, std::size(list))));
}

// What people and programs really write, and what breaks parsers.
const std::vector<std::string> kUsers{"1",
                                      "42",
                                      "0",
                                      "007",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "123456789012345",
                                      "1234567890123456",
                                      "99999999",
                                      "100000000",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "",
                                      "1.0",
                                      "1e3",
                                      "\"5\"",
                                      "\"5\"\"\"",
                                      "a",
                                      "0x1",
                                      "\xC3\xA4",
                                      "1_000",
                                      "00000000000000000000000000001"};
const std::vector<std::string> kMovies{"1", "31", "2147483647", "2147483648", "176275",
                                       "x", "",   "\"7\"",      "00000031"};
const std::vector<std::string> kScores{
    "4.0",     "3.5",  "0.5",         "5",     "10",    "10.0",  "10.1",
    "0",       "0.0",  "4.",          ".5",    ".",     "-0",    "nan",
    "NaN",     "inf",  "1e400",       "1e-50", "1e-40", "0x1p1", "3.3333333333333333",
    "4,5",     "",     "1e1",         "1E+0",  "1e",    " 4.0",  "4.0 ",
    "\"4.5\"", "9.99", "10.00000001", "0e999"};
const std::vector<std::string> kTimes{"1260759144",
                                      "0",
                                      "253402300799",
                                      "253402300800",
                                      "1",
                                      "999999999999999",
                                      "",
                                      "12:00",
                                      "\"1260759144\"",
                                      "1260759144.0",
                                      "00001260759144",
                                      "99999999999999999999"};
const std::vector<std::string> kLineEnds{"\n", "\n", "\n", "\r\n", "\r\r\n"};
const std::vector<std::string> kWholeLines{
    "", "\\.", "1,2", "1,2,3,4,5", "\"1,2,3,4", "1,\"2\"x,3,4", "1,2\",3,4", ",,,", "\r"};

std::string random_row(Random& random) {
  if (below(random, 3) > 0) {  // mostly good ones, so that a bad one stands among them
    return std::to_string(below(random, 300000)) + "," + std::to_string(below(random, 180000)) + "," +
           std::to_string(below(random, 6)) + "." + std::to_string(below(random, 2) * 5) + "," +
           std::to_string(789652009 + below(random, 700000000));
  }
  if (below(random, 4) == 0) return one_of(random, kWholeLines);
  return one_of(random, kUsers) + "," + one_of(random, kMovies) + "," + one_of(random, kScores) + "," +
         one_of(random, kTimes);
}

std::string random_file(Random& random, const std::string& header) {
  std::string text = (below(random, 4) == 0 ? "\xEF\xBB\xBF" : "") + header;
  const auto rows = below(random, 60);
  // "timestamp\r" would be another name.
  for (std::size_t i = 0; i < rows; ++i)
    text += (i == 0 ? "\n" : one_of(random, kLineEnds)) + random_row(random);
  return text + (below(random, 2) == 0 ? "\n" : "");
}

/// Changes bytes behind the header.
void mutate(Random& random, std::string& text, std::size_t from) {
  const std::string odd{"\0\n\r\",.-\\ e9\xFF", 13};
  for (auto left = below(random, 6); left > 0 && text.size() > from + 1; --left) {
    const auto at = from + below(random, text.size() - from);
    const auto what = below(random, 3);
    if (what == 0) text[at] = odd[below(random, odd.size())];
    if (what == 1) text.erase(at, 1 + below(random, 3));
    if (what == 2) text.insert(at, 1, odd[below(random, odd.size())]);
  }
}

void compare(const std::string& text, std::size_t largest, unsigned seed) {
  const auto expected = read_csv_slowly(text);
  const auto actual = read_csv(text, largest, seed);

  REQUIRE(actual.error.empty());
  CHECK(actual.rows == expected.rows);
  CHECK((actual.bad == expected.bad));
  CHECK(actual.lines == expected.lines);
  CHECK(actual.lines == actual.rows.size() + actual.bad.size());
}

}  // namespace

TEST_SUITE("csv reader against the reference") {
  TEST_CASE("random files, whatever is broken in them, in pieces of random size") {
    const auto seed = std::random_device{}();
    Random random{seed};
    const std::vector<std::string> headers{"userId,movieId,rating,timestamp",
                                           "user_id,movie_id,rating,timestamp"};
    for (int round = 0; round < 3000; ++round) {
      CAPTURE(seed);
      CAPTURE(round);
      const auto header = one_of(random, headers);
      auto text = random_file(random, header);
      // Not the header's own line: what that must be is another test's matter.
      const auto body = text.find(header) + header.size() + 2;
      if (text.size() > body) mutate(random, text, body);
      CAPTURE(text);
      compare(text, 1 + below(random, 200), seed + static_cast<unsigned>(round));
    }
  }

  TEST_CASE("rows that cross the buffer's end at every offset are read whole") {
    const auto seed = std::random_device{}();
    Random random{seed};
    CAPTURE(seed);
    std::string text = "userId,movieId,rating,timestamp\n";
    while (text.size() < 1'500'000) text += random_row(random) + one_of(random, kLineEnds);
    for (int round = 0; round < 8; ++round)
      compare(text + std::string(below(random, 90), '1'), 300'000, seed);
  }

  TEST_CASE("a block takes as many of the shortest rows as there can be, and as many blank lines") {
    std::string rows = "userId,movieId,rating,timestamp\n";
    std::string blanks = rows;
    for (int i = 0; i < 70'000; ++i) rows += "0,0,0,0\n";
    compare(rows + "0,0,0,0", 1'000'000, 7);
    compare(blanks + std::string(600'000, '\n'), 1'000'000, 7);
  }

  TEST_CASE("lines around 64 KiB are bad exactly when they are longer, in pieces of any size") {
    const std::string row = "1,2,3.5,4";
    for (const std::size_t size : {65534U, 65535U, 65536U, 65537U, 65538U, 65539U, 200'000U, 600'000U}) {
      for (const auto* line_end : {"\n", "\r\n", ""}) {
        for (const std::size_t largest : {1000U, 70'000U, 1'000'000U}) {
          CAPTURE(size);
          CAPTURE(largest);
          std::string text =
              "userId,movieId,rating,timestamp\n" + row + "\n" + std::string(size - row.size(), '0') + row;
          text += line_end;
          if (*line_end != '\0') text += row + "\n";
          compare(text, largest, 7);
        }
      }
    }
  }
}

}  // namespace ratings::test
