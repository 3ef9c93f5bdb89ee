#include "http/engine.hpp"
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

struct World {
  test::FakeClock clock;
  test::FakeStore store;
  test::FakeCoherence coherence;
  std::atomic<bool> draining{false};
  SendBudget budget;
  RatingService service{store, coherence, nullptr, nullptr, clock};
  Router router{service, coherence, nullptr, clock, draining, budget, [] { return std::string{"up 1\n"}; }};
};

}  // namespace

TEST_SUITE("http_engine") {
  TEST_CASE("the access log has one line a request: what was asked, status, bytes, source, time") {
    World world;
    world.store.before_read = [&world] { world.clock.advance(45us); };
    Engine engine{world.router, world.clock, AccessLog::on};
    const LogLines lines;

    (void)engine.answer("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n", world.clock.now(), After::keep);
    (void)engine.answer("HEAD /ping HTTP/1.1\r\nHost: a\r\n\r\n", world.clock.now(), After::keep);
    (void)engine.answer("GET /\x1b[31m\xff HTTP/1.1\r\nHost: a\r\n\r\n", world.clock.now(), After::keep);

    CHECK(
        lines.text().starts_with("GET /rates/1 200 2 bypass 45us\nHEAD /ping 200 0 - 0us\nGET /?[31m? 400 "));
  }

  TEST_CASE("the access log is silent when it is off") {
    World world;
    Engine engine{world.router, world.clock, AccessLog::off};
    const LogLines lines;

    (void)engine.answer("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n", world.clock.now(), After::keep);

    CHECK(lines.text().empty());
  }

  TEST_CASE("the server's wish to close wins over the client's to keep") {
    World world;
    Engine engine{world.router, world.clock, AccessLog::off};
    const auto closing =
        engine.answer("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n", world.clock.now(), After::close);
    CHECK(closing.after == After::close);
    CHECK(closing.head.find("Connection: close\r\n") != std::string::npos);
    CHECK(closing.body() == R"({"message":"pong"})");
  }
}
