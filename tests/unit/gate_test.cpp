#include "http/gate.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace ratings::http;

namespace {

bool incomplete(std::string_view bytes) { return std::holds_alternative<Incomplete>(admit(bytes).verdict); }

/// 0: it passed.
int status(std::string_view bytes) {
  const auto gated = admit(bytes);
  if (const auto* refused = std::get_if<Refused>(&gated.verdict)) return refused->refusal.status;
  CHECK_FALSE(std::holds_alternative<Incomplete>(gated.verdict));
  return 0;
}

/// What a refusal makes of the connection.
After after_refusal(std::string_view bytes) {
  const auto gated = admit(bytes);
  REQUIRE(std::holds_alternative<Refused>(gated.verdict));
  return std::get<Refused>(gated.verdict).after;
}

std::string with(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\nHost: a\r\n" + fields + (fields.empty() ? "" : "\r\n") + "\r\n";
}

After wish(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  const auto bytes = with(fields, line);
  const auto gated = admit(bytes);
  REQUIRE(std::holds_alternative<Admitted>(gated.verdict));
  return std::get<Admitted>(gated.verdict).after;
}

}  // namespace

TEST_SUITE("gate") {
  TEST_CASE("a request ends at its empty line, and what follows is left alone") {
    const std::string bytes = "GET /rates/1?a=b HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t length = 1; length < bytes.size(); ++length) CHECK(incomplete(bytes.substr(0, length)));
    for (const auto& more : {bytes, bytes + "GET /2", bytes + '\0'}) {
      const auto gated = admit(more);
      REQUIRE(std::holds_alternative<Admitted>(gated.verdict));
      const auto& request = std::get<Admitted>(gated.verdict);
      CHECK(gated.length == bytes.size());
      CHECK(request.method == "GET");
      CHECK(request.target == "/rates/1?a=b");
      CHECK(request.after == After::keep);
    }
  }

  TEST_CASE("empty lines before a request are skipped by their own rule") {
    CHECK(leading_blank("\r\n\r\nGET") == 4);
    CHECK(leading_blank("\r\n\r") == 2);
    CHECK(leading_blank("GET\r\n") == 0);
    CHECK(leading_blank("") == 0);
  }

  TEST_CASE("bare line ends and NUL are refused as soon as they are seen") {
    using namespace std::string_view_literals;
    for (const auto bytes :
         {"GET / HTTP/1.1\nHost: a\r\n\r\n"sv, "GET / HTTP/1.1\n"sv, "GET / HTTP/1.1\rHost"sv,
          "GET /\0 HTTP/1.1"sv, "\n"sv, "\x16\x03\x01\0"sv, "GET / HTTP/1.1\r\nHost: a\n\r\n"sv,
          "GET / HTTP/1.1\r\nA: b\rc\r\n"sv, "GET / HTTP/1.1\r\r\n"sv, "GET / HTTP/1.1\r\nA: \0\r\n"sv}) {
      INFO(bytes);
      CHECK(status(bytes) == 400);
      CHECK(after_refusal(bytes) == After::close);
    }
  }

  TEST_CASE("lines that programs could understand differently are refused") {
    CHECK(status(with("X-a_b:\r\nY:  z: \t")) == 0);
    CHECK(status(with("X: \xc3\xa4")) == 0);
    for (const std::string line :
         {"GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /", "GET", "", "GET / http/1.1",
          "GET / HTTP/1.1a", "GET / HTTP/11", "GET / HTTP/1.", "G(T / HTTP/1.1", "GET /#part HTTP/1.1",
          "GET /a b HTTP/1.1", "GET\t/ HTTP/1.1"}) {
      INFO(line);
      CHECK(status(with("", line)) == 400);
    }
    for (const std::string fields :
         {"Content-Length : 5", " Content-Length: 5", "A: b\r\n folded", "A: b\r\n\tfolded", "no colon",
          ": no name", "A\x7f: b", "A: b\x7f", "A: \x01", "A B: c", "A: b\x1b[31m"}) {
      INFO(fields);
      CHECK(status(with(fields)) == 400);
      CHECK(after_refusal(with(fields)) == After::close);
    }
  }

  TEST_CASE("other versions of HTTP get 505") {
    for (const std::string version : {"HTTP/2.0", "HTTP/3.0", "HTTP/0.9"}) {
      CHECK(status("GET / " + version + "\r\n") == 505);
    }
    CHECK(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  }

  TEST_CASE("HTTP/1.1 names its host once, HTTP/1.0 may leave it out, and the connection stays") {
    CHECK(status("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status("GET / HTTP/1.0\r\n\r\n") == 0);
    CHECK(status("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 0);
    CHECK(status("GET / HTTP/1.1\r\nhOST: [::1]:5001\r\n\r\n") == 0);
    for (const std::string fields : {"Host: b", "Host: a"}) CHECK(status(with(fields)) == 400);
    for (const std::string host : {"a b", "a,b", "a/b", "u@a", "a\tb", "a?b", "http://a"}) {
      INFO(host);
      const auto bytes = "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
      CHECK(status(bytes) == 400);
      CHECK(after_refusal(bytes) == After::keep);
    }
  }

  TEST_CASE("a body that can be understood in two ways is refused, whatever the method") {
    for (const std::string method : {"GET", "POST", "HEAD", "DELETE"}) {
      for (const std::string fields :
           {"Content-Length: 0\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 0", "Content-Length: +0", "Content-Length: -1",
            "Content-Length: 0x0", "Content-Length:", "Content-Length: 5,5", "Content-Length: %30",
            "Content-Length: 1 2", "Transfer-Encoding:", "Transfer-Encoding: identity",
            "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: \"chunked\""}) {
        const auto bytes = with(fields, method + " / HTTP/1.1");
        INFO(bytes);
        CHECK(status(bytes) == 400);
        CHECK(after_refusal(bytes) == After::close);
      }
    }
    CHECK(status(with("Transfer-Encoding: chunked", "POST / HTTP/1.0")) == 400);
  }

  TEST_CASE("a later minor version is read as 1.1") {
    CHECK(wish("", "GET / HTTP/1.2") == After::keep);
    CHECK(status("GET / HTTP/1.9\r\n\r\n") == 400);  // it needs a Host too
  }

  TEST_CASE("a body that nobody wants is read over if it is short, else it ends its connection") {
    const auto refused = [](const std::string& fields, const std::string& line) {
      const auto gated = admit(with(fields, line));
      REQUIRE(std::holds_alternative<Refused>(gated.verdict));
      return std::get<Refused>(gated.verdict);
    };
    for (const std::string line : {"GET / HTTP/1.1", "HEAD / HTTP/1.1"}) {
      CHECK(refused("Content-Length: 5", line).refusal.status == 413);
      CHECK(refused("CONTENT-LENGTH:00005", line).body == 5);
      CHECK(refused("Content-Length: 5", line).after == After::keep);
    }
    for (const std::string fields : {"Transfer-Encoding: chunked", "transfer-encoding: CHUNKED",
                                     "Content-Length: 65537", "Content-Length: 99999999999999999999999"}) {
      INFO(fields);
      CHECK(refused(fields, "GET / HTTP/1.1").refusal.status == 413);
      CHECK(refused(fields, "GET / HTTP/1.1").after == After::close);
      CHECK(wish(fields, "POST / HTTP/1.1") == After::close);  // 405, which is more to the point
    }
    CHECK(wish("Content-Length: 65536", "POST / HTTP/1.1") == After::keep);
    CHECK(wish("Content-Length: 0") == After::keep);
    CHECK(wish("Content-Length: 000") == After::keep);
    CHECK(wish("X-Content-Length: 5") == After::keep);
  }

  TEST_CASE("the client decides about its connection") {
    CHECK(wish("Connection: close") == After::close);
    CHECK(wish("Connection: foo, Close") == After::close);
    CHECK(wish("Connection: closed") == After::keep);
    CHECK(wish("Connection: keep-alive\r\nConnection: close") == After::close);
    CHECK(wish("", "GET / HTTP/1.0") == After::close);
    CHECK(wish("Connection: Keep-Alive", "GET / HTTP/1.0") == After::keep);
    CHECK(wish("Connection: keep-alive, close", "GET / HTTP/1.0") == After::close);
  }

  TEST_CASE("what an answer depends on is found, several fields of a name as one list") {
    const auto bytes =
        with("accept-encoding: gzip \r\nIf-None-Match: \"a\"\r\nACCEPT-ENCODING: br\r\nIf-None-Match: \"b\"");
    const auto gated = admit(bytes);
    REQUIRE(std::holds_alternative<Admitted>(gated.verdict));
    const auto& conditions = std::get<Admitted>(gated.verdict).conditions;
    CHECK(conditions.accept_encoding == "gzip, br");
    CHECK(conditions.if_none_match == "\"a\", \"b\"");
  }

  TEST_CASE("a request's id is taken as sent, and one that could be misunderstood is as good as none") {
    const auto id = [](const std::string& fields) {
      const auto bytes = with(fields);
      const auto gated = admit(bytes);
      REQUIRE(std::holds_alternative<Admitted>(gated.verdict));
      const auto& found = std::get<Admitted>(gated.verdict).id;
      return found ? std::string{*found} : "none";
    };
    CHECK(id("X: y") == "none");
    CHECK(id("x-request-ID: \t 00-4bf92f/3577b34.a_3:c=+ ") == "00-4bf92f/3577b34.a_3:c=+");
    CHECK(id("X-Request-Id: " + std::string(kMaxId, 'a')) == std::string(kMaxId, 'a'));
    CHECK(id("X-Request-Id: " + std::string(kMaxId + 1, 'a')).empty());
    for (const char* bad :
         {"", "a b", "a\"b", "<script>", "a,b", "a%0d", "\xc3\xa9", "a;b", "{}", "a\tb", "$(x)"}) {
      INFO(bad);
      CHECK(id(std::string{"X-Request-Id: "} + bad).empty());
    }
    CHECK(id("X-Request-Id: a\r\nX-Request-Id: a").empty());
    CHECK(id("X-Request-Id: a\r\nX-Request-Id: b\r\nX-Request-Id: c").empty());
  }

  TEST_CASE("a request line may have 8192 bytes") {
    const auto line = [](std::size_t size) {
      const std::string start = "GET /";
      const std::string end = " HTTP/1.1";
      return start + std::string(size - start.size() - end.size(), 'x') + end;
    };
    CHECK(status(with("", line(kMaxRequestLine))) == 0);
    CHECK(status(with("", line(kMaxRequestLine + 1))) == 414);
    CHECK(status(std::string(kMaxRequestLine + 1, 'x')) == 414);  // before its end has come
  }

  TEST_CASE("a header may have 16384 bytes and 64 fields") {
    const auto padded = [](std::size_t size) {
      const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
      return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
    };
    CHECK(status(padded(kMaxHead)) == 0);
    CHECK(status(padded(kMaxHead + 1)) == 431);
    CHECK(status("GET / HTTP/1.1\r\nX: " + std::string(kMaxHead, 'x')) == 431);
    std::string fields;
    for (std::size_t i = 2; i <= kMaxFields; ++i) fields += "X: y\r\n";
    CHECK(status("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") == 0);
    CHECK(status("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "X: y\r\n\r\n") == 431);
    CHECK(after_refusal("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "X: y\r\n\r\n") == After::keep);
  }

  TEST_CASE("a refused HEAD is known as one") {
    const auto gated = admit("HEAD / HTTP/1.1\r\n\r\n");
    CHECK(std::get<Refused>(gated.verdict).bodiless);
  }

  TEST_CASE(
      "a refusal knows method and target as soon as the first line is one, the id once the header is whole") {
    const auto refused = [](std::string_view bytes) {
      auto gated = admit(bytes);
      REQUIRE(std::holds_alternative<Refused>(gated.verdict));
      return std::get<Refused>(std::move(gated.verdict));
    };
    std::string many;
    for (std::size_t i = 0; i <= kMaxFields; ++i) many += "X: y\r\n";
    const std::string id = "X-Request-Id: a-1";
    for (const auto& bytes : {with(id + "\r\nContent-Length: 5"), with(many + id), with(id + "\r\nHost: b"),
                              with(id + "\r\nContent-Length: x")}) {
      CHECK(refused(bytes).method == "GET");
      CHECK(refused(bytes).target == "/");
      CHECK(refused(bytes).id == "a-1");
    }
    const auto twice = with(id + "\r\n" + id + "\r\nContent-Length: 5");
    CHECK(refused(twice).id == "");
    const auto bad = with("X-Request-Id: <a>\r\nContent-Length: 5");
    CHECK(refused(bad).id == "");

    for (const auto& bytes : {with(id + "\r\nno field"), with(id + "\r\nX: " + std::string(kMaxHead, 'x')),
                              "GET / HTTP/1.1\r\n" + id + "\r\nX: \n", with(id, "GET / HTTP/2.0")}) {
      CHECK(refused(bytes).target == "/");
      CHECK_FALSE(refused(bytes).id.has_value());
    }
    const auto no_line = with(id, "GET / x HTTP/1.1");
    CHECK(refused(no_line).target.empty());
    CHECK_FALSE(refused(no_line).id.has_value());
  }
}
