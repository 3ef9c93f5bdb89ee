#include "integration/http_client.hpp"
#include "integration/http_world.hpp"
#include "support/fake_cache.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace ratings;
using namespace ratings::test;
using namespace std::chrono_literals;

namespace {

/// A shared cache whose server answers late.
class HeldErase final : public Cache {
 public:
  explicit HeldErase(std::shared_future<void> going) : going_{std::move(going)} {}
  CachedHistoryPtr get(UserId) noexcept override { return nullptr; }
  void put(const CachedHistoryPtr&) noexcept override {}
  bool erase(std::span<const UserId>) noexcept override {
    going_.wait();
    return true;
  }
  [[nodiscard]] bool usable() const noexcept override { return true; }

 private:
  std::shared_future<void> going_;
};

constexpr std::ptrdiff_t kCrowd = 200;
constexpr std::ptrdiff_t kTakenOn = 65;  // one by the worker, the others into its queue

/// Clients that all ask for one thing at once.
struct Crowd {
  Crowd(int port, const std::string& target) {
    for (std::ptrdiff_t i = 0; i < kCrowd; ++i) {
      clients.push_back(std::make_unique<RawClient>(port));
      clients.back()->send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }
  }
  /// False: there are not so many after ten seconds.
  [[nodiscard]] bool wait_for_answers(std::ptrdiff_t wanted) const {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < 10s) {
      if (std::ranges::count_if(clients, [](const auto& client) { return client->heard(); }) >= wanted)
        return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::vector<std::unique_ptr<RawClient>> clients;
};

}  // namespace

TEST_SUITE("http_server and who asks whether it is ready") {
  TEST_CASE("/ready does not wait for those who ask for /metrics, however many, with Redis and without") {
    for (const bool with_redis : {false, true}) {
      CAPTURE(with_redis);
      FakeStore store;
      FakeCoherence coherence;
      FakeCache redis;
      RatingService service{store, coherence, nullptr, with_redis ? &redis : nullptr, boot_clock()};
      std::promise<void> go;
      std::atomic<bool> held{true};
      const auto figures = [&held, going = go.get_future().share()] {
        if (held.exchange(false)) going.wait();  // the first page of metrics, and whoever waits behind it
        return Figures{};
      };
      HttpServer server{service, coherence, with_redis ? &redis : nullptr, boot_clock(), any_port(), figures};
      const int port = server.bind();
      const std::jthread running{[&server] { server.run(); }};
      const Crowd scrapers{port, "/metrics"};
      CHECK(scrapers.wait_for_answers(kCrowd - kTakenOn));
      RawClient late{port};
      for (int i = 0; i < 20; ++i) CHECK(late.get("/ready").status == 200);
      go.set_value();
      server.stop();
    }
  }

  TEST_CASE("/ready is answered from what is known of Redis when more ask than Redis answers") {
    World world;
    std::promise<void> go;
    HeldErase redis{go.get_future().share()};
    HttpServer server{world.service, world.coherence, &redis, boot_clock(), any_port()};
    const int port = server.bind();
    const std::jthread running{[&server] { server.run(); }};
    const Crowd probes{port, "/ready"};
    CHECK(probes.wait_for_answers(kCrowd - kTakenOn));
    std::vector<RawClient*> waiting;
    const auto check_answer = [](RawClient& client) {
      const auto response = client.receive();
      CHECK(response.status == 200);
      CHECK(response.body.find(R"("redis":{"ok":true,)") != std::string::npos);
    };
    for (const auto& client : probes.clients) {
      if (client->heard()) {
        check_answer(*client);
      } else {
        waiting.push_back(client.get());
      }
    }
    go.set_value();
    for (auto* client : waiting) check_answer(*client);
    server.stop();
  }
}
