#pragma once

#include "support/fake_store.hpp"

#include "ratings/cache.hpp"
#include "ratings/http_server.hpp"

#include <future>
#include <memory>
#include <semaphore>
#include <thread>

namespace ratings::test {

inline HttpOptions any_port() {
  return {.host = "127.0.0.1",
          .port = 0,
          .threads = 2,
          .workers = 8,
          .drain_timeout = std::chrono::seconds{5},
          .access_log = false};
}

/// Reads of the store wait until they are let go.
class HeldReads {
 public:
  explicit HeldReads(FakeStore& store) {
    store.before_read = [state = state_] {
      state->begun.release();
      state->going.wait();
    };
  }
  /// So many more reads have begun.
  void wait_for(int reads) {
    for (int i = 0; i < reads; ++i) state_->begun.acquire();
  }
  void let_go() { state_->go.set_value(); }

 private:
  struct State {
    std::counting_semaphore<> begun{0};
    std::promise<void> go;
    std::shared_future<void> going{go.get_future().share()};
  };
  std::shared_ptr<State> state_ =
      std::make_shared<State>();  // shared: the server ends after the test's words
};

/// A real server over a store in memory.
struct World {
  explicit World(const HttpOptions& options = any_port())
      : server{service, coherence, nullptr, boot_clock(), options}, port{server.bind()} {
    std::vector<Rating> ratings;
    ratings.reserve(100);
    for (int i = 0; i < 100; ++i) {
      ratings.push_back({.user = {}, .movie = MovieId{i}, .score = 3.5F, .timestamp = 1'567'504'800 + i});
    }
    store.put(UserId{1}, ratings);
    running = std::jthread{[this] { server.run(); }};
  }
  ~World() { server.stop(); }

  /// A history of 11 MB: more than sockets hold.
  void put_whale(UserId user) {
    std::vector<Rating> ratings;
    ratings.reserve(200'000);
    for (int i = 0; i < 200'000; ++i)
      ratings.push_back({.user = {}, .movie = MovieId{i}, .score = 1, .timestamp = i});
    store.put(user, ratings);
  }

  FakeStore store;
  FakeCoherence coherence;
  std::unique_ptr<Cache> memory = make_memory_cache(1 << 20);
  RatingService service{store, coherence, memory.get(), nullptr, boot_clock()};
  HttpServer server;
  int port;
  std::jthread running;
};

}  // namespace ratings::test
