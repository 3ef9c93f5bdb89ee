#include "ratings/history_view.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>

using namespace ratings;

TEST_SUITE("time") {
  TEST_CASE("times are written in UTC") {
    CHECK(format_time(0) == "1970-01-01 00:00:00");
    CHECK(format_time(951782399) == "2000-02-28 23:59:59");
    CHECK(format_time(951782400) == "2000-02-29 00:00:00");
    CHECK(format_time(4107542400) == "2100-03-01 00:00:00");  // 2100 is no leap year
    CHECK(format_time(kMaxTimestamp) == "9999-12-31 23:59:59");
  }

  TEST_CASE("every form of a time is understood") {
    CHECK(parse_time("2016-10-16") == 1476576000);
    CHECK(parse_time("2016-10-16 12:30:00") == 1476621000);
    CHECK(parse_time("2016-10-16T12:30:00Z") == 1476621000);
    CHECK(parse_time("2016-10-16T12:30:00") == 1476621000);
    CHECK(parse_time("2016-10-16 12:30:00Z") == 1476621000);
    CHECK(parse_time("1476621000") == 1476621000);
    CHECK(parse_time("0") == 0);
    CHECK(parse_time("253402300799") == kMaxTimestamp);
    CHECK(parse_time("1960-01-01") == -315619200);  // a bound may lie before every rating
  }

  TEST_CASE("what is no time is refused") {
    for (const char* text : {"",
                             "yesterday",
                             "-1",
                             "+1",
                             "1.5",
                             "253402300800",
                             "99999999999999999999",
                             "2016-10",
                             "2016-13-01",
                             "2016-00-01",
                             "2016-02-30",
                             "2015-02-29",
                             "1900-02-29",
                             "2016-10-32",
                             "2016-10-00",
                             "2016-10-16 24:00:00",
                             "2016-10-16 12:60:00",
                             "2016-10-16 12:00:60",
                             "2016-10-16 12:30",
                             "2016-10-16t12:30:00",
                             "2016-10-16  12:30:00",
                             "2016-10-16T12:30:00ZZ",
                             "2016-10-16Z",
                             "2016-10-16T12:30:00+02:00",
                             " 2016-10-16",
                             "2016-10-16 ",
                             "2016/10/16",
                             "Z"}) {
      INFO(text);
      CHECK_FALSE(parse_time(text).has_value());
    }
  }

  TEST_CASE("calendar arithmetic agrees with the standard library's on each day of 8,000 years") {
    using namespace std::chrono;
    for (auto day = sys_days{year{1970} / 1 / 1}; day <= sys_days{year{9999} / 12 / 31}; day += days{1}) {
      const year_month_day expected{day};
      const auto seconds = std::int64_t{day.time_since_epoch().count()} * 86400;
      const auto text = format_time(seconds);
      const bool same = std::stoi(text.substr(0, 4)) == int{expected.year()} &&
                        std::stoul(text.substr(5, 2)) == unsigned{expected.month()} &&
                        std::stoul(text.substr(8, 2)) == unsigned{expected.day()};
      if (!same || parse_time(text) != seconds)
        FAIL("day " << day.time_since_epoch().count() << " is " << text);
    }
  }

  TEST_CASE("a written time is read back") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<std::int64_t> time{0, kMaxTimestamp};
    for (int i = 0; i < 10'000; ++i) {
      const auto timestamp = time(random);
      CHECK(parse_time(format_time(timestamp)) == timestamp);
    }
  }
}
