#include "exit_code.hpp"
#include "id_list.hpp"
#include "output.hpp"
#include "values.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ratings::cmd {

TEST_SUITE("command line values") {
  TEST_CASE("a user id has one spelling and fits into 63 bits") {
    CHECK(parse_user_id("0").value == 0);
    CHECK(parse_user_id("9223372036854775807").value == 9223372036854775807);
    for (const auto* bad :
         {"", "-1", "+1", "01", "00", "1 ", " 1", "1.0", "0x1", "9223372036854775808", "x", "１"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS((void)parse_user_id(bad), Error);
    }
  }

  TEST_CASE("a movie id fits into 31 bits") {
    CHECK(parse_movie_id("2147483647").value == 2147483647);
    CHECK_THROWS_AS((void)parse_movie_id("2147483648"), Error);
  }

  TEST_CASE("sizes go in steps of 1024 and do not overflow") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("65536") == 65536);
    CHECK(parse_size("1K") == 1024);
    CHECK(parse_size("256M") == 268435456);
    CHECK(parse_size("2g") == 2147483648);
    CHECK(parse_size("17179869183G") == 18446744072635809792U);
    for (const auto* bad :
         {"", "M", "1T", "1.5G", "-1", "1 M", "17179869184G", "18446744073709551616", "1MM"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS((void)parse_size(bad), Error);
    }
  }

  TEST_CASE("numbers with limits") {
    CHECK(parse_limit("1") == 1);
    CHECK_THROWS_AS((void)parse_limit("0"), Error);
    CHECK(parse_count("0") == 0);
    CHECK(parse_seconds("3600").count() == 3600);
    CHECK_THROWS_AS((void)parse_seconds("3601"), Error);
    CHECK(parse_milliseconds("60000").count() == 60000);
    CHECK_THROWS_AS((void)parse_milliseconds("60001"), Error);
  }

  TEST_CASE("a rating is a plain decimal from 0 to 10") {
    CHECK(parse_score("0") == 0.0F);
    CHECK(parse_score("3.5") == 3.5F);
    CHECK(parse_score("10") == 10.0F);
    for (const auto* bad : {"", "-0", "10.1", "nan", "inf", "0x1p3", " 1", "1 ", "1e99", ".5"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS((void)parse_score(bad), Error);
    }
  }

  TEST_CASE("a delimiter is one byte that no field contains") {
    CHECK(parse_delimiter(";") == ';');
    CHECK(parse_delimiter("tab") == '\t');
    for (const auto* bad : {"", ";;", "\"", "\n", ".", "7"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS((void)parse_delimiter(bad), Error);
    }
  }

  TEST_CASE("a batch's name consists of letters, digits and dashes") {
    CHECK(parse_batch_name("hard-purge-18") == "hard-purge-18");
    for (const auto* bad : {"", "a b", "a;b", "a_b", "ä"})
      CHECK_THROWS_AS((void)parse_batch_name(bad), Error);
  }

  TEST_CASE("a list has something between its commas") {
    CHECK(parse_list("31,1029") == std::vector<std::string>{"31", "1029"});
    CHECK(parse_list("31") == std::vector<std::string>{"31"});
    CHECK(parse_list("") == std::vector<std::string>{""});  // what that means is the reader's of a part
    for (const auto* bad : {",", "31,", ",31", "31,,1029", ",,"}) {
      CAPTURE(bad);
      CHECK_THROWS_AS((void)parse_list(bad), Error);
    }
  }

  TEST_CASE("user ids are read one a line, without blanks, comments and the mark of an editor") {
    std::istringstream input{"\xEF\xBB\xBF# head\n1\r\n\n  2 # why\n\t3\n4"};
    const auto users = read_user_ids(input, "ids");
    CHECK(users == std::vector<UserId>{{1}, {2}, {3}, {4}});
  }

  TEST_CASE("a bad line of ids is named with its file and number") {
    std::istringstream input{"1\n\n2,3\n"};
    CHECK_THROWS_WITH_AS((void)read_user_ids(input, "ids.txt"),
                         doctest::Contains("ids.txt:3: '2,3' is not a user id"), Error);
    std::istringstream nul{std::string{"1\n5\0x\n", 6}};
    CHECK_THROWS_WITH_AS((void)read_user_ids(nul, "ids.txt"),
                         doctest::Contains("ids.txt:2: '5\\x00x' is not a user id (a number"), Error);
  }

  TEST_CASE("what is invisible in a bad line of ids, or looks like a digit, can be seen in the message") {
    for (const auto& [line, shown] : std::vector<std::pair<std::string, std::string>>{
             {"42\xE2\x80\x8B", R"('42\xe2\x80\x8b')"},  // a blank of no width
             {"4\xEF\xBC\x92", R"('4\xef\xbc\x92')"},    // a two of full width
             {"\xFF\xFE\x34", R"('\xff\xfe4')"},         // UTF-16
             {"\xEF\xBB\xBF\xEF\xBB\xBF\x34\x32", R"('\xef\xbb\xbf42')"},
             {"4\x1B[31m2\x7F", R"('4\x1b[31m2\x7f')"}}) {
      std::istringstream input{line + "\n"};
      CHECK_THROWS_WITH_AS((void)read_user_ids(input, "ids"), doctest::Contains(shown.c_str()), Error);
    }
  }

  TEST_CASE("each kind of error has its exit code") {
    CHECK(exit_code(Kind::input) == ExitCode::failed);
    CHECK(exit_code(Kind::store) == ExitCode::failed);
    CHECK(exit_code(Kind::internal) == ExitCode::failed);
    CHECK(exit_code(Kind::usage) == ExitCode::usage);
    CHECK(exit_code(Kind::unreachable) == ExitCode::unreachable);
    CHECK(exit_code(Kind::busy) == ExitCode::unreachable);
    CHECK(exit_code(Kind::guard) == ExitCode::refused);
    CHECK(exit_code(Kind::interrupted) == ExitCode::interrupted);
    CHECK(static_cast<int>(ExitCode::remainder) == 3);
    CHECK(static_cast<int>(ExitCode::interrupted) == 130);
  }

  TEST_CASE("text for people has no control characters and counts in words") {
    CHECK(printable("a\x1b[31mb\nc\x7f") == "a?[31mb?c?");
    CHECK(printable("größer") == "größer");
    CHECK(counted(1, "row", "rows") == "1 row");
    CHECK(counted(0, "row", "rows") == "0 rows");
  }
}

}  // namespace ratings::cmd
