#include "http/responder.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_store.hpp"

#include "ratings/cache.hpp"

#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

using namespace ratings;
using namespace ratings::http;
using namespace std::chrono_literals;

namespace {

/// Everything that is logged while it lives, without times and levels.
class LogLines {
 public:
  LogLines() : before_{spdlog::default_logger()} {
    auto logger =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

/// Everything behind the sockets, with a user 1 of a hundred ratings.
struct World {
  World() {
    std::vector<Rating> ratings;
    ratings.reserve(100);
    for (int i = 0; i < 100; ++i)
      ratings.push_back({.user = {}, .movie = MovieId{i}, .score = 3.5F, .timestamp = 1'567'504'800 + i});
    store.put(UserId{1}, ratings);
  }

  Answering answering(AccessLog log = AccessLog::off) {
    return {.router = router, .clock = clock, .requests = requests, .draining = draining, .access_log = log};
  }

  test::FakeClock clock;
  test::FakeStore store;
  test::FakeCoherence coherence;
  std::unique_ptr<Cache> memory = make_memory_cache(1 << 20);
  std::atomic<bool> draining{false};
  SendBudget budget;
  RequestCounters requests;
  RatingService service{store, coherence, memory.get(), nullptr, clock};
  Router router{service,
                coherence,
                nullptr,
                clock,
                draining,
                budget,
                [] { return std::string{"up 1\n"}; },
                [] { return std::string{"{}"}; }};
};

Admitted admitted(std::string_view bytes) {
  auto gated = admit(bytes);
  REQUIRE(std::holds_alternative<Admitted>(gated.verdict));
  return std::get<Admitted>(std::move(gated.verdict));
}

std::string bytes_of(const Reply& reply) { return reply.head + std::string{reply.body()}; }

std::string request(const std::string& line, const std::string& fields = "") {
  return line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

}  // namespace

TEST_SUITE("http_responder") {
  TEST_CASE("the access log has one line a request: what was asked, status, bytes, source, time") {
    World world;
    world.store.before_read = [&world] { world.clock.advance(45us); };
    Responder responder{world.answering(AccessLog::on)};
    const LogLines lines;

    for (const std::string line : {"GET /rates/2", "HEAD /ping", "GET /\x1b[31m\xff"}) {
      const auto bytes = request(line);
      (void)responder.answer(admitted(bytes), world.clock.now());
    }
    (void)responder.refuse(too_slow(), world.clock.now());

    CHECK(lines.text() ==
          "GET /rates/2 200 2 miss 45us\nHEAD /ping 200 0 - 0us\nGET /?[31m? 400 111 - 0us\n- - 408 92 - "
          "0us\n");
  }

  TEST_CASE("the access log is silent when it is off") {
    World world;
    Responder responder{world.answering()};
    const LogLines lines;

    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());

    CHECK(lines.text().empty());
  }

  TEST_CASE("while draining every answer is its connection's last") {
    World world;
    Responder responder{world.answering()};
    const auto bytes = request("GET /ping");
    CHECK(responder.answer(admitted(bytes), world.clock.now()).after == After::keep);
    world.draining = true;
    const auto closing = responder.answer(admitted(bytes), world.clock.now());
    CHECK(closing.after == After::close);
    CHECK(closing.head.find("Connection: close\r\n") != std::string::npos);
    CHECK(closing.body() == R"({"message":"pong"})");
  }

  TEST_CASE("a memory hit is the same bytes whether it went through cpp-httplib or not") {
    World world;
    Responder responder{world.answering()};
    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());  // now it is in memory
    (void)responder.answer(admitted(request("GET /rates/1", "Accept-Encoding: gzip\r\n")), world.clock.now());
    const auto etag = std::string{
        responder.answer(admitted(request("GET /rates/1")), world.clock.now()).response.header("ETag")};
    const std::vector<std::string> lines{"GET /rates/1", "HEAD /rates/1", "GET /rates/1/", "HEAD /rates/1/"};
    const std::vector<std::string> fields{
        "",
        "Accept-Encoding: gzip\r\n",
        "Accept-Encoding: br, gzip;q=0\r\n",
        "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n",
        "If-None-Match: " + etag + "\r\n",
        "If-None-Match: \"x\"\r\nIf-None-Match: " + etag + "\r\n",
        "If-None-Match: *\r\nAccept-Encoding: gzip\r\n",
        "If-None-Match: \"%41\"\r\n",
        "Connection: close\r\n",
        "Range: bytes=0-1\r\nExpect: 100-continue\r\nREMOTE_ADDR: 6.6.6.6\r\n",
        "Upgrade: h2c\r\nX: a%0d%0ab\r\n"};
    int compared = 0;
    for (const auto& line : lines) {
      for (const auto& field : fields) {
        const auto bytes = request(line, field);
        INFO(bytes);
        auto fast = responder.at_once(admitted(bytes), world.clock.now());
        REQUIRE(std::holds_alternative<Reply>(fast));
        const auto through = responder.answer(admitted(bytes), world.clock.now());
        CHECK(bytes_of(std::get<Reply>(fast)) == bytes_of(through));
        CHECK(std::get<Reply>(fast).after == through.after);
        ++compared;
      }
    }
    CHECK(compared == 44);
    CHECK(world.store.reads == 1);
  }

  TEST_CASE("whatever else can be answered at once is the same bytes too, and the rest is for workers") {
    World world;
    Responder responder{world.answering()};
    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());
    for (const std::string line :
         {"GET /ping",        "GET /live",      "HEAD /live/",         "GET /rates/abc",
          "GET /rates/01",    "GET /rates/",    "GET /nowhere",        "POST /rates/1",
          "BREW /rates/1",    "OPTIONS *",      "GET /rates/1?x=1",    "GET /rates/9223372036854775808",
          "GET /rates/1%2F2", "GET /rates/%00", "GET /rates/%zz",      "GET //rates/1",
          "GET /rates/1//",   "GET *",          "GET /user/profile/x", "GET /ready?x=1",
          "GET /rates?uid=",  "CONNECT a:80"}) {
      const auto bytes = request(line);
      INFO(line);
      auto fast = responder.at_once(admitted(bytes), world.clock.now());
      REQUIRE(std::holds_alternative<Reply>(fast));
      CHECK(bytes_of(std::get<Reply>(fast)) ==
            bytes_of(responder.answer(admitted(bytes), world.clock.now())));
    }
    const auto lane = [&](const std::string& line) {
      const auto bytes = request(line);
      const auto outcome = responder.at_once(admitted(bytes), world.clock.now());
      REQUIRE(std::holds_alternative<Lane>(outcome));
      return std::get<Lane>(outcome);
    };
    for (const std::string line : {"GET /rates/2", "GET /rates/1?limit=1", "GET /rates/1?", "GET /rates/%31",
                                   "GET /rates?uid=1", "GET /user/profile/1", "GET http://a/rates/1"}) {
      INFO(line);
      CHECK(lane(line) == Lane::data);
    }
    CHECK(lane("GET /ready") == Lane::control);
    CHECK(lane("GET /metrics") == Lane::control);
  }

  TEST_CASE("a copy that must be compressed first is a worker's work, once") {
    World world;
    Responder responder{world.answering()};
    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());
    const auto bytes = request("GET /rates/1", "Accept-Encoding: gzip\r\n");
    CHECK(std::holds_alternative<Lane>(responder.at_once(admitted(bytes), world.clock.now())));
    (void)responder.answer(admitted(bytes), world.clock.now());
    const auto packed = responder.at_once(admitted(bytes), world.clock.now());
    REQUIRE(std::holds_alternative<Reply>(packed));
    CHECK(std::get<Reply>(packed).response.header("Content-Encoding") == "gzip");
  }

  TEST_CASE("nothing is answered from memory at once where that would have to wait") {
    World world;
    Responder responder{world.answering()};
    const auto bytes = request("GET /rates/1");
    (void)responder.answer(admitted(bytes), world.clock.now());
    world.coherence.at_once = false;
    CHECK(std::holds_alternative<Lane>(responder.at_once(admitted(bytes), world.clock.now())));
    CHECK(responder.answer(admitted(bytes), world.clock.now()).response.header("X-Cache") == "memory");
  }
}
