#include "integration/http_client.hpp"
#include "integration/http_world.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <future>
#include <latch>

using namespace ratings;
using namespace ratings::test;
using nlohmann::json;
using namespace std::chrono_literals;

TEST_SUITE("http_server under more clients than workers") {
  TEST_CASE("idle connections make room for one that waits") {
    World world;
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < 40; ++i) {
      idle.push_back(std::make_unique<RawClient>(world.port));
      CHECK(idle.back()->get("/ping").status == 200);
    }

    const auto start = std::chrono::steady_clock::now();
    RawClient late{world.port};

    CHECK(late.get("/live").status == 200);
    CHECK(std::chrono::steady_clock::now() - start <
          2s);  // not the 5 s after which an idle one is closed anyway
  }
}

TEST_SUITE("http_server stop") {
  TEST_CASE("stop() closes idle connections at once") {
    World world;
    RawClient first{world.port};
    RawClient second{world.port};
    REQUIRE(first.get("/ping").status == 200);
    REQUIRE(second.get("/ping").status == 200);

    const auto start = std::chrono::steady_clock::now();
    world.server.stop();
    world.running.join();

    CHECK(std::chrono::steady_clock::now() - start < 2s);
    CHECK(first.closed());
    CHECK(second.closed());
  }

  TEST_CASE("a request under way when stop() comes is answered, then its connection ends") {
    World world;
    std::latch reading{1};
    std::promise<void> go_on;
    world.store.before_read = [&reading, wait = go_on.get_future().share()] {
      reading.count_down();
      wait.wait();
    };
    RawClient client{world.port};
    client.send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    reading.wait();

    world.server.stop();
    go_on.set_value();
    const auto response = client.receive();

    CHECK(response.status == 200);
    CHECK(json::parse(response.body).size() == 100);
    CHECK(client.closed());
    world.running.join();
  }

  TEST_CASE("run() waits no longer than the drain timeout") {
    auto options = any_port();
    options.drain_timeout = 1s;
    World world{options};
    std::latch reading{1};
    std::promise<void> go_on;
    world.store.before_read = [&reading, wait = go_on.get_future().share()] {
      reading.count_down();
      wait.wait();
    };
    RawClient client{world.port};
    client.send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    reading.wait();

    const auto start = std::chrono::steady_clock::now();
    world.server.stop();
    world.running.join();
    const auto took = std::chrono::steady_clock::now() - start;

    CHECK(took >= 900ms);
    CHECK(took < 3s);
    go_on.set_value();
  }

  TEST_CASE("stop() before run() is not lost") {
    FakeStore store;
    FakeCoherence coherence;
    RatingService service{store, coherence, nullptr, nullptr, boot_clock()};
    HttpServer server{service, coherence, nullptr, boot_clock(), any_port()};
    const int port = server.bind();
    server.stop();
    server.run();
    CHECK(http_status("127.0.0.1", port, "/ping", 1s) == 0);
  }
}
