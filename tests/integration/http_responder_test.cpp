#include "http/responder.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_store.hpp"

#include "ratings/cache.hpp"
#include "ratings/log.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <regex>
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
struct ResponderWorld {
  ResponderWorld() {
    std::vector<Rating> ratings;
    ratings.reserve(100);
    for (int i = 0; i < 100; ++i)
      ratings.push_back({.user = {}, .movie = MovieId{i}, .score = 3.5F, .timestamp = 1'567'504'800 + i});
    store.put(UserId{1}, ratings);
  }

  Answering answering(AccessLog log = AccessLog::off) {
    return {.router = router, .clock = clock, .requests = requests, .draining = draining, .access_log = log};
  }

  RequestCounters requests;  // first: it fills cache lines of its own
  test::FakeClock clock;
  test::FakeStore store;
  test::FakeCoherence coherence;
  std::unique_ptr<Cache> memory = make_memory_cache(1 << 20);
  std::atomic<bool> draining{false};
  SendBudget budget;
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
    ResponderWorld world;
    world.store.before_read = [&world] { world.clock.advance(45us); };
    Responder responder{world.answering(AccessLog::on)};
    const LogLines lines;

    for (const std::string line : {"GET /rates/2", "HEAD /ping", "GET /\x1b[31m\xff"}) {
      const auto bytes = request(line);
      (void)responder.answer(admitted(bytes), world.clock.now());
    }
    (void)responder.refuse(too_slow(), world.clock.now());

    CHECK(
        std::regex_replace(lines.text(), std::regex{"id=[0-9a-f]{16}"}, "id=ID") ==
        "GET /rates/2 200 2 miss 45us id=ID\nHEAD /ping 200 0 - 0us id=ID\nGET /?[31m? 400 111 - 0us id=ID\n"
        "- - 408 92 - 0us id=ID\n");
  }

  TEST_CASE("a request's id is in its answer and in its line") {
    ResponderWorld world;
    Responder responder{world.answering(AccessLog::on)};
    const LogLines lines;
    const auto sent = request("GET /rates/1", "X-Request-Id: order-66\r\n");
    for (int i = 0; i < 2; ++i) {  // a miss, through cpp-httplib; a hit, without it
      auto outcome = responder.at_once(admitted(sent), world.clock.now());
      const auto reply = std::holds_alternative<Reply>(outcome)
                             ? std::get<Reply>(std::move(outcome))
                             : responder.answer(admitted(sent), world.clock.now());
      CHECK(reply.head.find("\r\nX-Request-Id: order-66\r\n") != std::string::npos);
    }
    CHECK(lines.text().find(" miss 0us id=order-66\n") != std::string::npos);
    CHECK(lines.text().find(" memory 0us id=order-66\n") != std::string::npos);
    const auto made = responder.answer(admitted(request("GET /ping")), world.clock.now()).response.request_id;
    CHECK(made.size() == 16);
    CHECK(lines.text().find("id=" + made + "\n") != std::string::npos);
  }

  TEST_CASE("what the gate refuses is logged and answered under the id that was sent, with its time") {
    ResponderWorld world;
    auto with = world.answering(AccessLog::on);
    with.server_timing = ServerTiming::on;
    Responder responder{with};
    const LogLines lines;
    const auto sent = request("GET /rates/1", "X-Request-Id: order-66\r\nContent-Length: 5\r\n");
    const auto gated = admit(sent);
    const auto reply = responder.refuse(std::get<Refused>(gated.verdict), world.clock.now());
    CHECK(reply.head.find("\r\nX-Request-Id: order-66\r\n") != std::string::npos);
    CHECK(reply.head.find("\r\nServer-Timing: total;dur=0.000\r\n") != std::string::npos);
    CHECK(lines.text().starts_with("GET /rates/1 413 "));
    CHECK(lines.text().ends_with(" id=order-66\n"));
  }

  TEST_CASE("without an access log an id is made only for who sent one, and for what the log tells of") {
    ResponderWorld world;
    Responder responder{world.answering()};
    const LogLines lines;
    const auto id = [&](const std::string& line, const std::string& fields) {
      return responder.answer(admitted(request(line, fields)), world.clock.now()).response.request_id;
    };
    CHECK(id("GET /rates/1", "").empty());
    CHECK(id("GET /rates/1", "X-Request-Id: a\r\n") == "a");
    const auto replaced = id("GET /rates/1", "X-Request-Id: <a>\r\n");
    CHECK(replaced.size() == 16);
    CHECK(replaced != id("GET /rates/1", "X-Request-Id: <a>\r\n"));
    CHECK(lines.text().empty());

    world.clock.advance(5s);
    world.store.before_read = [] { throw Error{Kind::unreachable, "the store \"a=b\" is away"}; };
    const auto told = id("GET /rates/2", "");
    CHECK(told.size() == 16);
    CHECK(lines.text() == "request failed id=" + told +
                              R"( error="the store \"a=b\" is away")"
                              "\n");
    CHECK(id("GET /rates/2", "").empty());  // within the same second the log is silent
  }

  TEST_CASE("in a JSON log a line is an object, whatever a client wrote, and fits into a pipe") {
    ResponderWorld world;
    Responder responder{world.answering(AccessLog::on)};
    set_log_format("text");  // the first call hangs in a sink of its own
    const LogLines lines;
    set_log_format("json");
    const auto long_target = "GET /" + std::string(8'000, '\\');
    for (const std::string& line :
         {std::string{"GET /rates/2?\"x\\=\xff"}, long_target, std::string{"A'\"B /"}})
      if (const auto bytes = request(line); std::holds_alternative<Admitted>(admit(bytes).verdict))
        (void)responder.answer(admitted(bytes), world.clock.now());
    log_warn("a \"quoted\" \x01 word, \xc3\xa9 and \xff, " + std::string(8'000, '"'));
    set_log_format("text");

    std::istringstream text{lines.text()};
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(text, line);) {
      CHECK(line.size() < 4'096);
      found.push_back(nlohmann::json::parse(line));
    }
    REQUIRE(found.size() == 3);
    CHECK(found[0]["message"] == "request");
    CHECK(found[0]["level"] == "info");
    CHECK(found[0]["target"] == "/rates/2?\"x\\=?");
    CHECK(found[0]["status"] == 400);
    CHECK(found[0]["cache"] == "-");
    CHECK(found[0]["microseconds"] == 0);
    CHECK(found[0]["id"].get<std::string>().size() == 16);
    CHECK(std::regex_match(found[0]["time"].get<std::string>(), std::regex{"[-0-9]{10}T[0-9:]{8}Z"}));
    CHECK(found[1]["target"].get<std::string>().ends_with("…"));
    CHECK(found[2]["message"].get<std::string>().starts_with("a \"quoted\" \x01 word, é and \\xff, \"\""));
    CHECK_THROWS_AS(set_log_format("xml"), Error);
  }

  TEST_CASE("an answer says what it spent its time on, if that is wanted") {
    ResponderWorld world;
    world.store.before_read = [&world] { world.clock.advance(1500us); };
    auto with = world.answering();
    CHECK(Responder{with}
              .answer(admitted(request("GET /rates/3")), world.clock.now())
              .response.header("Server-Timing")
              .empty());
    with.server_timing = ServerTiming::on;
    Responder responder{with};
    const auto timing = [&](const std::string& line, Instant arrived) {
      const auto bytes = request(line);
      auto outcome = responder.at_once(admitted(bytes), arrived);
      const auto reply = std::holds_alternative<Reply>(outcome) ? std::get<Reply>(std::move(outcome))
                                                                : responder.answer(admitted(bytes), arrived);
      return std::string{reply.response.header("Server-Timing")};
    };
    CHECK(timing("GET /rates/1", world.clock.now() - 250us) ==
          "cache;desc=\"miss\", queue;dur=0.250, lookup;dur=1.500, total;dur=1.750");
    CHECK(timing("GET /rates/1", world.clock.now() - 10us) == "cache;desc=\"memory\", total;dur=0.010");
    CHECK(timing("GET /rates?uid=1,2", world.clock.now()) ==
          "cache;desc=\"miss\", queue;dur=0.000, lookup;dur=1.500, total;dur=1.500");
    CHECK(timing("GET /ping", world.clock.now()) == "queue;dur=0.000, total;dur=0.000");
  }

  TEST_CASE("the access log is silent when it is off") {
    ResponderWorld world;
    Responder responder{world.answering()};
    const LogLines lines;

    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());

    CHECK(lines.text().empty());
  }

  TEST_CASE("while draining every answer is its connection's last") {
    ResponderWorld world;
    Responder responder{world.answering()};
    const auto bytes = request("GET /ping");
    CHECK(responder.answer(admitted(bytes), world.clock.now()).after == After::keep);
    world.draining = true;
    const auto closing = responder.answer(admitted(bytes), world.clock.now());
    CHECK(closing.after == After::close);
    CHECK(closing.head.find("Connection: close\r\n") != std::string::npos);
    CHECK(closing.body() == R"({"message":"pong"})");
    const auto refused =
        admit("GET /ping HTTP/1.1\r\n\r\n");  // without a Host, which alone keeps the connection
    CHECK(responder.refuse(std::get<Refused>(refused.verdict), world.clock.now()).after == After::close);
  }

  TEST_CASE("a memory hit is the same bytes whether it went through cpp-httplib or not") {
    ResponderWorld world;
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
    ResponderWorld world;
    Responder responder{world.answering()};
    (void)responder.answer(admitted(request("GET /rates/1")), world.clock.now());
    for (const std::string line : {"GET /",
                                   "HEAD /ops/",
                                   "GET /openapi.json",
                                   "GET /web/style.css",
                                   "GET /ping",
                                   "GET /live",
                                   "HEAD /live/",
                                   "GET /rates/abc",
                                   "GET /rates/01",
                                   "GET /rates/",
                                   "GET /nowhere",
                                   "POST /rates/1",
                                   "BREW /rates/1",
                                   "OPTIONS *",
                                   "GET /rates/1?x=1",
                                   "GET /rates/9223372036854775808",
                                   "GET /rates/1%2F2",
                                   "GET /rates/%00",
                                   "GET /rates/%zz",
                                   "GET //rates/1",
                                   "GET /rates/1//",
                                   "GET *",
                                   "GET /user/profile/x",
                                   "GET /ready?x=1",
                                   "GET /ready",
                                   "GET /rates?uid=",
                                   "CONNECT a:80"}) {
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
    CHECK(lane("GET /ops.json") == Lane::data);
    CHECK(lane("GET /metrics") == Lane::metrics);
  }

  TEST_CASE("a copy that must be compressed first is a worker's work, once") {
    ResponderWorld world;
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
    ResponderWorld world;
    Responder responder{world.answering()};
    const auto bytes = request("GET /rates/1");
    (void)responder.answer(admitted(bytes), world.clock.now());
    world.coherence.at_once = false;
    CHECK(std::holds_alternative<Lane>(responder.at_once(admitted(bytes), world.clock.now())));
    CHECK(responder.answer(admitted(bytes), world.clock.now()).response.header("X-Cache") == "memory");
  }
}
