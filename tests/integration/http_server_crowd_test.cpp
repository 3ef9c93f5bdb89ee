#include "integration/http_client.hpp"
#include "integration/http_world.hpp"

#include "ratings/error.hpp"
#include "ratings/history_view.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <sys/resource.h>
#include <thread>

using namespace ratings;
using namespace ratings::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// A thousand connections and their other ends.
void raise_file_limit() {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(limit.rlim_cur > 2'500);
}

}  // namespace

TEST_SUITE("http_server and clients who take their time") {
  TEST_CASE("a header that does not end in time gets 408, however its bytes trickle in") {
    auto options = any_port();
    options.header_timeout = 200ms;
    World world{options};
    RawClient silent{world.port};
    silent.send("GET /ping HTTP/1.1\r\nHost:");
    RawClient trickling{world.port};
    const auto start = std::chrono::steady_clock::now();
    trickling.send("GET /");
    while (trickling.try_send("x") && !trickling.heard() && std::chrono::steady_clock::now() - start < 2s) {
      std::this_thread::sleep_for(20ms);  // the client's pace
    }
    CHECK(std::chrono::steady_clock::now() - start < 2s);
    for (auto* client : {&silent, &trickling}) {
      const auto response = client->receive();
      CHECK(response.status == 408);
      CHECK(json::parse(response.body)["error"]["code"] == "request_timeout");
      CHECK(response.headers.at("Connection") == "close");
    }
  }

  TEST_CASE("an idle connection is closed after its time, one that is busy is not") {
    auto options = any_port();
    options.idle_timeout = 300ms;
    World world{options};
    RawClient idle{world.port};
    CHECK(idle.get("/ping").headers.at("Keep-Alive") == "timeout=0");
    RawClient silent{world.port};  // has never asked
    RawClient busy{world.port};
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < 900ms) {
      REQUIRE(busy.get("/ping").status == 200);
      std::this_thread::sleep_for(50ms);  // the client's pace
    }
    CHECK(idle.closed());
    CHECK(silent.closed());
    CHECK(busy.get("/ping").status == 200);
  }

  TEST_CASE("empty lines do not win time, in whatever pieces they come") {
    const std::vector<std::vector<std::string>> paces{{"\r\n"}, {"\r", "\n"}, {"\n\r"}};
    for (const auto& pieces : paces) {
      auto options = any_port();
      options.idle_timeout = 300ms;
      World world{options};
      RawClient client{world.port};
      if (pieces.front().starts_with('\n')) client.send("\r");
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t i = 0; client.try_send(pieces[i % pieces.size()]) && !client.heard(); ++i) {
        REQUIRE(std::chrono::steady_clock::now() - start < 3s);
        std::this_thread::sleep_for(30ms);  // the client's pace
      }
      CHECK(client.closed());
    }
  }

  TEST_CASE("a client that takes its answer slowly but steadily is not dropped") {
    auto options = any_port();
    options.write_timeout = 2s;
    World world{options};
    world.put_whale(UserId{7});
    const RawClient client{world.port};
    client.send("GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\n");
    // So slowly that the kernel does not call the socket writable within the time: that needs a third of the
    // 4 MB it keeps for us. And no slower: on one machine it hands over nothing for less than 95 kB.
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < 6s) {
      REQUIRE(client.take(40'000) > 0);
      std::this_thread::sleep_for(200ms);  // the client's pace
    }
  }

  TEST_CASE("a client that takes nothing is dropped, and holds no worker meanwhile") {
    auto options = any_port();
    options.write_timeout = 200ms;
    options.workers = 1;
    World world{options};
    world.put_whale(UserId{7});
    RawClient greedy{world.port};
    greedy.send("GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!greedy.heard()) std::this_thread::sleep_for(1ms);  // from here on its time runs
    RawClient other{world.port};
    CHECK(other.get("/rates/1").status == 200);
    const auto got = greedy.take_all_after(2s);  // ten times as long as it has
    CHECK(got > 0);
    CHECK(got < 200'000 * 50);
    CHECK(other.get("/ping").status == 200);
  }

  TEST_CASE("the time of a client that takes no more runs from the last byte it took") {
    auto options = any_port();
    options.write_timeout = 2s;
    World world{options};
    world.put_whale(UserId{7});
    const RawClient greedy{world.port};
    greedy.send("GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::size_t taken = 0;
    while (taken < 300'000) taken += greedy.take(50'000);
    const auto last = std::chrono::steady_clock::now();
    CHECK(greedy.dropped_within(20s));
    const auto took = std::chrono::steady_clock::now() - last;
    CHECK(took > 1900ms);
    CHECK(took < 3800ms);  // twice the time, if the last byte were noticed only at its end
  }

  TEST_CASE("clients that ask for much at once and take nothing leave room for the others") {
    raise_file_limit();
    World world;
    std::vector<Rating> some;
    some.reserve(900);  // just not a large answer
    for (int i = 0; i < 900; ++i)
      some.push_back({.user = {}, .movie = MovieId{i}, .score = 1, .timestamp = i});
    world.store.put(UserId{7}, some);
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\n";
    std::vector<std::unique_ptr<RawClient>> greedy;
    greedy.reserve(200);
    for (int i = 0; i < 200; ++i) {
      greedy.push_back(std::make_unique<RawClient>(world.port));
      greedy.back()->send(requests);
    }
    for (const auto& client : greedy) {
      while (!client->heard()) std::this_thread::sleep_for(1ms);  // until the server has met them all
    }
    RawClient other{world.port};
    for (int i = 0; i < 20; ++i) CHECK(other.get("/rates/7").status == 200);
  }

  TEST_CASE("a client that takes a large answer in pieces gets all of it") {
    World world;
    world.put_whale(UserId{7});
    RawClient client{world.port};
    for (int round = 0; round < 3; ++round) {
      client.send("GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
      std::this_thread::sleep_for(30ms);  // the client's pace: the server must have filled the socket
      CHECK(client.receive().body == to_json(world.store.history(UserId{7}, {}).ratings));
      CHECK(client.receive().body == R"({"message":"pong"})");
    }
  }

  TEST_CASE("replies stay in the order of their requests, whoever makes them") {
    World world;
    for (int user = 10; user < 60; ++user)
      world.store.put(UserId{user}, {{.user = {}, .movie = MovieId{user}, .score = 1, .timestamp = 1}});
    RawClient client{world.port};
    std::string requests;
    for (int round = 0; round < 2; ++round) {
      for (int user = 10; user < 60; ++user) {
        requests += "GET /rates/" + std::to_string(user) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        requests += "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";
      }
    }
    client.send(requests);
    for (int round = 0; round < 2; ++round) {
      for (int user = 10; user < 60; ++user) {
        const auto response = client.receive();
        REQUIRE(response.body.starts_with("[{\"movie_id\":" + std::to_string(user) + ","));
        REQUIRE(response.headers.at("X-Cache") == (round == 0 ? "miss" : "memory"));
        REQUIRE(client.receive().body == R"({"message":"pong"})");
      }
    }
  }

  TEST_CASE("a client that takes its answers while they are sent gets every one of them") {
    World world;
    std::vector<Rating> some;
    some.reserve(300);
    for (int i = 0; i < 300; ++i)
      some.push_back({.user = {}, .movie = MovieId{i}, .score = 1, .timestamp = i});
    world.store.put(UserId{7}, some);
    RawClient client{world.port};
    const std::string request = "GET /rates/7 HTTP/1.1\r\nHost: a\r\n\r\n";
    std::string requests;
    for (int i = 0; i < 300; ++i) requests += request;
    // The moment between a full socket and a look at it is short: many tries.
    for (int round = 0; round < 60; ++round) {
      client.send(requests);
      for (int i = 0; i < 300; ++i) REQUIRE(client.receive().status == 200);
    }
  }

  TEST_CASE("a client that has sent its end still gets its answers") {
    World world;
    RawClient client{world.port};
    client.send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
    client.end();
    CHECK(client.receive().status == 200);
    CHECK(client.receive().status == 200);
    CHECK(client.closed());
  }
}

TEST_SUITE("http_server under more than it takes on") {
  TEST_CASE("the connection that is idle for longest makes room for a new one") {
    auto options = any_port();
    options.connections = 20;
    World world{options};
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 60; ++i) {
      clients.push_back(std::make_unique<RawClient>(world.port));
      REQUIRE(clients.back()->get("/ping").status == 200);
    }
    for (int i = 0; i < 30; ++i) CHECK(clients[static_cast<std::size_t>(i)]->closed());
    CHECK(clients.back()->get("/ping").status == 200);
  }

  TEST_CASE("clients that cannot be closed turn the others away: the limit is one") {
    auto options = any_port();
    options.connections = 20;
    options.header_timeout = 60s;
    World world{options};
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 150; ++i) {
      clients.push_back(std::make_unique<RawClient>(world.port));
      (void)clients.back()->try_send("G");
    }
    const auto open = [&clients] {
      return std::count_if(clients.begin(), clients.end(),
                           [](const auto& client) { return !client->heard(); });
    };
    const auto start = std::chrono::steady_clock::now();
    while (open() > 20 && std::chrono::steady_clock::now() - start < 10s) std::this_thread::yield();
    CHECK(open() <= 20);
    CHECK(open() > 10);
  }

  TEST_CASE("connections that all have work turn a new one away with 503") {
    auto options = any_port();
    options.connections = 4;
    World world{options};
    HeldReads held{world.store};
    std::vector<std::unique_ptr<RawClient>> busy;
    for (int i = 0; i < 4; ++i) {
      busy.push_back(std::make_unique<RawClient>(world.port));
      busy.back()->send("GET /rates/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    held.wait_for(4);
    // One that was idle a moment ago may still pass for idle.
    RawResponse response{.status = 200, .headers = {}, .body = {}};
    for (int tries = 0; tries < 100 && response.status == 200; ++tries)
      response = RawClient{world.port}.get("/ping");
    CHECK(response.status == 503);
    CHECK(response.headers.contains("Retry-After"));
    held.let_go();
    for (auto& client : busy) CHECK(client->receive().status == 200);
  }

  TEST_CASE(
      "requests beyond the queue get 503 at once and keep their connection, and others are not touched") {
    raise_file_limit();
    auto options = any_port();
    options.workers = 1;
    World world{options};
    HeldReads held{world.store};
    std::vector<std::unique_ptr<RawClient>> clients;
    const auto ask = [&](int user) {
      clients.push_back(std::make_unique<RawClient>(world.port));
      clients.back()->send("GET /rates/" + std::to_string(user) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    };
    ask(2);
    held.wait_for(1);
    for (int user = 0; user < 1'024; ++user) ask(1'000 + user);
    RawClient other{world.port};
    const auto waiting = [&other] {
      const auto page = other.get("/metrics").body;
      return page.find("\nratingsctl_http_requests_waiting 1024\n") != std::string::npos;
    };
    while (!waiting()) std::this_thread::yield();
    RawClient late{world.port};
    const auto refused = late.get("/rates/5");
    CHECK(refused.status == 503);
    CHECK(json::parse(refused.body)["error"]["code"] == "busy");
    CHECK(refused.headers.contains("Retry-After"));
    CHECK(late.get("/ping").status == 200);
    CHECK(late.get("/ready").status == 200);
    held.let_go();
    for (auto& client : clients) REQUIRE(client->receive().status == 200);
    CHECK(late.get("/rates/5").status == 200);
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
    HeldReads held{world.store};
    RawClient client{world.port};
    client.send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    held.wait_for(1);

    world.server.stop();
    held.let_go();
    const auto response = client.receive();

    CHECK(response.status == 200);
    CHECK(json::parse(response.body).size() == 100);
    CHECK(client.closed());
    world.running.join();
  }

  TEST_CASE("requests that have arrived when stop() comes are answered, however many") {
    auto options = any_port();
    options.threads = 1;
    World world{options};
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 300; ++i) {
      clients.push_back(std::make_unique<RawClient>(world.port));
      REQUIRE(clients.back()->get("/ping").status == 200);
    }
    std::this_thread::sleep_for(
        100ms);  // the clients' pause: for 50 ms after an answer nobody counts as idle
    for (const auto& client : clients) client->send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    world.server.stop();
    for (const auto& client : clients) REQUIRE(client->receive().status == 200);
    world.running.join();
  }

  TEST_CASE("run() waits no longer than the drain timeout") {
    auto options = any_port();
    options.drain_timeout = 1s;
    World world{options};
    HeldReads held{world.store};
    RawClient client{world.port};
    client.send("GET /rates/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    held.wait_for(1);

    const auto start = std::chrono::steady_clock::now();
    world.server.stop();
    world.running.join();
    const auto took = std::chrono::steady_clock::now() - start;

    CHECK(took >= 900ms);
    CHECK(took < 3s);
    held.let_go();
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
