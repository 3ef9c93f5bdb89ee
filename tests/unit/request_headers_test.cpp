#include "http/framing.hpp"
#include "http/negotiation.hpp"

#include <doctest/doctest.h>

#include <string>

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

  TEST_CASE("a header ends at its empty line") {
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    CHECK(find_head(request).framing == Framing::complete);
    CHECK(find_head(request).length == request.size());
    CHECK(find_head(request + "GET /2").length == request.size());
    for (std::size_t length = 0; length < request.size(); ++length) {
      CHECK(find_head(request.substr(0, length)).framing == Framing::incomplete);
    }
  }

  TEST_CASE("bare line ends and NUL are malformed as soon as they are seen") {
    CHECK(find_head("GET / HTTP/1.1\nHost: a\r\n\r\n").framing == Framing::malformed);
    CHECK(find_head("GET / HTTP/1.1\n").framing == Framing::malformed);
    CHECK(find_head("GET / HTTP/1.1\rHost").framing == Framing::malformed);
    CHECK(find_head(std::string{"GET /\0 HTTP/1.1", 15}).framing == Framing::malformed);
    CHECK(find_head("\n").framing == Framing::malformed);
  }

  TEST_CASE("lines that programs could understand differently are malformed") {
    const auto framing = [](const std::string& lines) { return find_head(lines + "\r\n\r\n").framing; };
    CHECK(framing("GET / HTTP/1.1") == Framing::complete);
    CHECK(framing("GET / HTTP/1.1\r\nX-a_b:\r\nY:  z: \t") == Framing::complete);
    CHECK(framing("GET  / HTTP/1.1") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1 ") == Framing::malformed);
    CHECK(framing("GET /") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1\r\nContent-Length : 5") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1\r\nA: b\r\n Content-Length: 5") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1\r\nA: b\r\n\tfolded") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1\r\nno colon") == Framing::malformed);
    CHECK(framing("GET / HTTP/1.1\r\n: no name") == Framing::malformed);
  }

  TEST_CASE("a body is announced by any length that is not a plain 0, and by any Transfer-Encoding") {
    const auto announced = [](const std::string& lines) {
      return announces_body("GET / HTTP/1.1\r\n" + lines + "\r\n\r\n");
    };
    CHECK_FALSE(announced("Host: a"));
    CHECK_FALSE(announced("Content-Length: 0"));
    CHECK_FALSE(announced("content-length:0"));
    CHECK_FALSE(announced("X-Content-Length: 5"));
    for (const char* line :
         {"Content-Length: 5", "CONTENT-LENGTH:5", "Content-Length: 00", "Content-Length: +0",
          "Content-Length:", "Content-Length: %30", "Content-Length: 0\r\nContent-Length: 5",
          "Transfer-Encoding: chunked", "transfer-encoding:", "A: b\r\nTransfer-Encoding: x"}) {
      INFO(line);
      CHECK(announced(line));
    }
  }

  TEST_CASE("a header may have 16384 bytes") {
    const std::string start = "GET / HTTP/1.1\r\nX: ";
    const auto padded = [&start](std::size_t size) {
      return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
    };
    CHECK(find_head(padded(kMaxHead)).framing == Framing::complete);
    CHECK(find_head(padded(kMaxHead + 1)).framing == Framing::too_large);
    CHECK(find_head(std::string(kMaxHead + 1, 'x')).framing == Framing::too_large);
  }
}
