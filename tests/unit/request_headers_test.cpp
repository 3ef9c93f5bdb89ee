#include "http/negotiation.hpp"

#include <doctest/doctest.h>

using namespace ratings::http;

TEST_SUITE("request_headers") {
  TEST_CASE("gzip is used when the client allows it and does not like identity better") {
    for (const char* value :
         {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.5", "gzip;q=1.000", "*", "*;q=0.1", "br, *",
          "gzip ; q=0.8 , identity;q=0.5", "identity;q=0, gzip;q=0.001"}) {
      INFO(value);
      CHECK(accepts_gzip(value));
    }
    for (const char* value :
         {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip;q=0, *", "*;q=0", "gzipped",
          "gzip;q=0.3, identity;q=0.5", "gzip;q=", "gzip;q=x", "gzip;q=2", "gzip;q=1.0000", "gzip;x=1"}) {
      INFO(value);
      CHECK_FALSE(accepts_gzip(value));
    }
  }

  TEST_CASE("If-None-Match is compared weakly") {
    const auto etag = "W/\"abc\"";
    for (const char* value :
         {"W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "\"x\",\"abc\"", "*", " * ", " W/\"abc\" "}) {
      INFO(value);
      CHECK(matches(value, etag));
    }
    for (const char* value : {"", "\"ab\"", "W/\"abcd\"", "abc", "\"x\", \"y\"", ",", "w/\"abc\""}) {
      INFO(value);
      CHECK_FALSE(matches(value, etag));
    }
  }
}
