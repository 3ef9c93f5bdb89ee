#include "http/request.hpp"

#include "http/cursor_token.hpp"
#include "http/url.hpp"
#include "http/web_files.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

using namespace ratings;
using namespace ratings::http;

namespace {

/// "404 not_found", or "" when the request is not refused.
std::string refusal(std::string_view target, std::string_view method = "GET") {
  const auto route = route_of(method, target);
  const auto* refused = std::get_if<Refusal>(&route);
  return refused == nullptr ? "" : std::to_string(refused->status) + " " + refused->code;
}

RatesOfUser rates(std::string_view target) {
  const auto route = route_of("GET", target);
  INFO(target);
  REQUIRE(std::holds_alternative<RatesOfUser>(route));
  return std::get<RatesOfUser>(route);
}

RatesOfUser some_page() {
  RatesOfUser page;
  page.user = UserId{7};
  page.format = Format::csv;
  page.filter.from = -5;
  page.filter.to = 1'500'000'000;
  page.filter.movies = {MovieId{0}, MovieId{2147483647}};
  page.filter.min_score = 3.7F;
  page.filter.limit = 10;
  page.filter.order = Order::desc;
  page.filter.after = Cursor{.timestamp = 1'400'000'000, .movie = MovieId{31}, .score = 4.5F, .seen = 3};
  return page;
}

}  // namespace

TEST_SUITE("request") {
  TEST_CASE("each path leads to its route, with a slash at its end too") {
    CHECK(std::holds_alternative<Ping>(route_of("GET", "/ping")));
    CHECK(std::holds_alternative<Ping>(route_of("HEAD", "/ping/")));
    CHECK(std::holds_alternative<Live>(route_of("GET", "/live")));
    CHECK(std::holds_alternative<Ready>(route_of("GET", "/ready/")));
    CHECK(std::holds_alternative<Metrics>(route_of("HEAD", "/metrics/")));
    CHECK(std::get<ProfileOfUser>(route_of("GET", "/user/profile/7/")).user == UserId{7});
    CHECK(rates("/rates/7").user == UserId{7});
    CHECK(rates("/rates/7/").user == UserId{7});
    CHECK(rates("/rates/7?").filter.everything());
    CHECK(rates("/rates/%37").user == UserId{7});
    CHECK(rates("http://localhost:5001/rates/7?limit=2").filter.limit == 2);
    CHECK(std::get<RatesOfUsers>(route_of("GET", "/rates?uid=3,1,2")).users ==
          std::vector{UserId{3}, UserId{1}, UserId{2}});
    CHECK(std::get<RatesOfUsers>(route_of("GET", "/rates/?uid=0")).users == std::vector{UserId{0}});
  }

  TEST_CASE("pages, their files and the description of the API are routes without parameters") {
    const auto name = [](const char* target) { return name_of(route_of("GET", target)); };
    CHECK(name("/ops.json") == RouteName::ops);
    CHECK(name("/openapi.json") == RouteName::openapi);
    CHECK(refusal("/ops?x=1") == "400 unknown_parameter");
    CHECK(refusal("/", "POST") == "405 method_not_allowed");
    CHECK(web_files().size() == 10);
    for (const auto& file : web_files()) {
      INFO(file.path);
      const auto route = route_of("HEAD", file.path);
      REQUIRE(std::holds_alternative<WebFile>(route));
      CHECK(web_files()[std::get<WebFile>(route).number].path == file.path);
      CHECK(!file.text.empty());
      if (file.path != "/openapi.json") CHECK(name_of(route) == RouteName::pages);
    }
  }

  TEST_CASE("anything else is not found, whatever the method") {
    for (const char* target : {"",
                               "*",
                               "/web",
                               "/web/",
                               "/web/x.js",
                               "/ops/x",
                               "/index.html",
                               "/rate",
                               "/rates/1/2",
                               "/rates//1",
                               "/rates/1//",
                               "//ping",
                               "/ping/x",
                               "/user",
                               "/user/profile",
                               "/user/profile/",
                               "/user/profile/1/2",
                               "/Ping",
                               "/metrics/x",
                               "/rates/../ping",
                               "/web/../ops"}) {
      INFO(target);
      CHECK(refusal(target) == "404 not_found");
      CHECK(refusal(target, "POST") == "404 not_found");
    }
  }

  TEST_CASE("a known path takes GET and HEAD only") {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "FOO"}) {
      INFO(method);
      CHECK(refusal("/rates/1", method) == "405 method_not_allowed");
      CHECK(refusal("/rates/abc", method) == "405 method_not_allowed");
      CHECK(refusal("/ping", method) == "405 method_not_allowed");
    }
    CHECK(refusal("/rates/1", "HEAD").empty());
  }

  TEST_CASE("a user id is digits without a leading zero, up to 2^63-1") {
    CHECK(parse_user("0") == UserId{0});
    CHECK(parse_user("9223372036854775807") == UserId{std::numeric_limits<std::int64_t>::max()});
    for (const char* uid : {"-1", "+1", "00", "01", "1.0", "1e3", "0x1", "abc", "1a", "9223372036854775808",
                            "99999999999999999999999", "%201", "1%20", "%D9%A1"}) {
      INFO(uid);
      CHECK(refusal(std::string{"/rates/"} + uid) == "400 invalid_uid");
      CHECK(refusal(std::string{"/user/profile/"} + uid) == "400 invalid_uid");
      CHECK(refusal(std::string{"/rates?uid=2,"} + uid) == "400 invalid_uid");
    }
  }

  TEST_CASE("an encoded slash or NUL, a broken escape or a raw byte is refused") {
    for (const char* target :
         {"/rates/1%2F2", "/rates%2f1", "/rates/1%00", "/rates/%", "/rates/%3", "/rates/%zz",
          "/rates/1?limit=%", "/rates/1#top", "/rates/\xD9\xA1", "/rates/1\x7f", "/rates/1\t"}) {
      INFO(target);
      CHECK(refusal(target) == "400 invalid_target");
    }
  }

  TEST_CASE("escapes are decoded once") {
    CHECK(refusal("/rates/%2531") == "400 invalid_uid");
    CHECK(refusal("/rates/%252F") == "400 invalid_uid");
    CHECK(rates("/rates/1?from=2016-10-16%2012:30:00").filter.from == 1476621000);
    CHECK(rates("/rates/1?from=2016-10-16+12:30:00").filter.from == 1476621000);
    CHECK(rates("/rates/1?from=2016-10-16T12:30:00").filter.from == 1476621000);
    CHECK(rates("/rates/1?movie_id=1%2C2").filter.movies == std::vector{MovieId{1}, MovieId{2}});
    CHECK(refusal("/rates/1?limit=%2531") == "400 invalid_parameter");
  }

  TEST_CASE("every parameter of a history is understood") {
    const auto page = rates(
        "/rates/"
        "1?from=2016-10-16&to=1476621000&movie_id=31,1029&min_rating=3.5&limit=20&order=desc&format=ndjson");

    CHECK(page.filter.from == 1476576000);
    CHECK(page.filter.to == 1476621000);
    CHECK(page.filter.movies == std::vector{MovieId{31}, MovieId{1029}});
    CHECK(page.filter.min_score == 3.5F);
    CHECK(page.filter.limit == 20);
    CHECK(page.filter.order == Order::desc);
    CHECK(page.format == Format::ndjson);
    CHECK_FALSE(page.filter.after);
    CHECK(rates("/rates/1?order=asc&format=json").filter.everything());
    CHECK(rates("/rates/1?format=csv").format == Format::csv);
  }

  TEST_CASE("a bad value is refused") {
    for (const char* query : {"from=yesterday",
                              "from=",
                              "from",
                              "to=2016-13-01",
                              "movie_id=",
                              "movie_id=1,",
                              "movie_id=,1",
                              "movie_id=-1",
                              "movie_id=2147483648",
                              "movie_id=1;2",
                              "min_rating=-1",
                              "min_rating=+1",
                              "min_rating=10.1",
                              "min_rating=nan",
                              "min_rating=inf",
                              "min_rating=1e1",
                              "min_rating=.",
                              "min_rating=0x1",
                              "min_rating=",
                              "limit=0",
                              "limit=-1",
                              "limit=1.5",
                              "limit=99999999999999999999",
                              "limit=",
                              "order=ASC",
                              "order=",
                              "format=xml",
                              "format="}) {
      INFO(query);
      CHECK(refusal(std::string{"/rates/1?"} + query) == "400 invalid_parameter");
    }
  }

  TEST_CASE("an unknown or repeated parameter is refused, and each path knows only its own") {
    CHECK(refusal("/rates/1?foo=1") == "400 unknown_parameter");
    CHECK(refusal("/rates/1?uid=1") == "400 unknown_parameter");
    CHECK(refusal("/rates/1?Limit=1") == "400 unknown_parameter");
    CHECK(refusal("/rates/1?&") == "400 unknown_parameter");
    CHECK(refusal("/rates/1?limit=1&") == "400 unknown_parameter");
    CHECK(refusal("/rates/1?limit=1&limit=1") == "400 repeated_parameter");
    CHECK(refusal("/rates/1?limit=1&%6Cimit=2") == "400 repeated_parameter");
    CHECK(refusal("/rates?uid=1&limit=1") == "400 unknown_parameter");
    CHECK(refusal("/rates?uid=1&uid=2") == "400 repeated_parameter");
    for (const char* path : {"/ping", "/live", "/ready", "/metrics", "/user/profile/1"}) {
      CHECK(refusal(std::string{path} + "?limit=1") == "400 unknown_parameter");
    }
  }

  TEST_CASE("a list of users has 1 to 100 different ids") {
    const auto list = [](int count) {
      std::string target = "/rates?uid=0";
      for (int i = 1; i < count; ++i) target += "," + std::to_string(i);
      return target;
    };
    CHECK(std::get<RatesOfUsers>(route_of("GET", list(100))).users.size() == 100);
    CHECK(refusal(list(101)) == "400 invalid_parameter");
    CHECK(refusal("/rates?uid=1,2,1") == "400 invalid_parameter");
    CHECK(refusal("/rates?uid=") == "400 invalid_uid");
    CHECK(refusal("/rates?uid=1,") == "400 invalid_uid");
    CHECK(refusal("/rates") == "400 missing_parameter");
  }

  TEST_CASE("a cursor brings the filters, order, format and limit of its page") {
    const auto page = some_page();
    const auto next = rates("/rates/7?cursor=" + cursor_token(page));

    CHECK(next.format == page.format);
    CHECK(next.filter.from == page.filter.from);
    CHECK(next.filter.to == page.filter.to);
    CHECK(next.filter.movies == page.filter.movies);
    CHECK(next.filter.min_score == page.filter.min_score);
    CHECK(next.filter.limit == page.filter.limit);
    CHECK(next.filter.order == page.filter.order);
    REQUIRE(next.filter.after);
    CHECK(next.filter.after->timestamp == page.filter.after->timestamp);
    CHECK(next.filter.after->movie == page.filter.after->movie);
    CHECK(next.filter.after->score == page.filter.after->score);
    CHECK(next.filter.after->seen == page.filter.after->seen);
  }

  TEST_CASE("beside a cursor a parameter may repeat what the cursor says, and nothing else") {
    const auto with_cursor = "/rates/7?cursor=" + cursor_token(some_page());

    CHECK(refusal(with_cursor + "&limit=10&order=desc&format=csv&min_rating=3.7&movie_id=0,2147483647")
              .empty());
    CHECK(refusal(with_cursor + "&limit=11") == "400 invalid_parameter");
    CHECK(refusal(with_cursor + "&order=asc") == "400 invalid_parameter");
    CHECK(refusal(with_cursor + "&format=json") == "400 invalid_parameter");
    CHECK(refusal(with_cursor + "&from=0") == "400 invalid_parameter");
    CHECK(refusal(with_cursor + "&movie_id=0") == "400 invalid_parameter");
  }

  TEST_CASE("a cursor that was not given out here is refused") {
    const auto token = cursor_token(some_page());

    CHECK(refusal("/rates/8?cursor=" + token) == "400 invalid_cursor");
    CHECK(refusal("/rates/7?cursor=") == "400 invalid_cursor");
    CHECK(refusal("/rates/7?cursor=abc") == "400 invalid_cursor");
    CHECK(refusal("/rates/7?cursor=" + token + "A") == "400 invalid_cursor");
    for (std::size_t i = 0; i < token.size(); ++i) {
      auto tampered = token;
      tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
      INFO("byte " << i);
      CHECK(refusal("/rates/7?cursor=" + tampered) == "400 invalid_cursor");
      CHECK(refusal("/rates/7?cursor=" + token.substr(0, i)) == "400 invalid_cursor");
    }
  }

  TEST_CASE("base64url reads back exactly what it wrote") {
    CHECK(base64url("") == "");
    CHECK(base64url("f") == "Zg");
    CHECK(base64url("fo") == "Zm8");
    CHECK(base64url("foo") == "Zm9v");
    CHECK(base64url("\xfb\xff") == "-_8");
    CHECK_FALSE(from_base64url("Zh"));  // bits left over
    CHECK_FALSE(from_base64url("Z"));
    CHECK_FALSE(from_base64url("Zg=="));
    CHECK_FALSE(from_base64url("Zm+v"));
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 1000; ++round) {
      std::string bytes(random() % 40, '\0');
      for (auto& byte : bytes) byte = static_cast<char>(random());
      CHECK(from_base64url(base64url(bytes)) == bytes);
    }
  }
}
