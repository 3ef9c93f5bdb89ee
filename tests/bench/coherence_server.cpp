// A server that a benchmark asks: the parts of `ratingsctl serve`, with the coherence check or without it.
//   coherence-server checked|unchecked STORE PORT
#include "ratings/cache.hpp"
#include "ratings/coherence.hpp"
#include "ratings/http_server.hpp"
#include "ratings/service.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <pthread.h>
#include <string>
#include <thread>

namespace {

/// What every cache without a protocol does.
class Unchecked final : public ratings::Coherence {
 public:
  bool usable(ratings::UserId, const ratings::Tag&, ratings::Instant) noexcept override { return true; }
  bool usable_at_once(ratings::UserId, const ratings::Tag&, ratings::Instant) noexcept override {
    return true;
  }
  bool trusted(ratings::Instant) noexcept override { return true; }
  [[nodiscard]] std::vector<ratings::Check> checks() const override {
    return {{.name = "store", .ok = true, .blocks_cache = true, .detail = "not looked at"}};
  }
};

constexpr std::size_t kMemoryCache = 256UL * 1024 * 1024;  // the default of serve

void serve(bool checked, const std::string& url, int port, const sigset_t& ending) {
  ratings::StoreOptions store;
  store.url = url;
  store.command = "bench";
  auto& clock = ratings::boot_clock();
  const auto reader = ratings::open_history_reader(store);
  std::unique_ptr<ratings::Coherence> coherence = std::make_unique<Unchecked>();
  if (checked)
    coherence = ratings::make_coherence(ratings::open_position_reader(store), clock,
                                        ratings::open_change_hints(store));
  const auto memory = ratings::make_memory_cache(kMemoryCache);
  ratings::RatingService service{*reader, *coherence, memory.get(), nullptr, clock};
  ratings::HttpOptions http;
  http.port = port;
  ratings::HttpServer server{service, *coherence, nullptr, clock, http};
  server.bind();
  const std::jthread watcher{[&] {
    int number = 0;
    sigwait(&ending, &number);
    server.stop();
  }};
  server.run();
}

}  // namespace

int main(int count, char** words) {
  const std::string how = count == 4 ? words[1] : "";
  if (how != "checked" && how != "unchecked") {
    std::cerr << "usage: coherence-server checked|unchecked STORE PORT\n";
    return 2;
  }
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before the first thread
  try {
    serve(how == "checked", words[2], std::stoi(words[3]), ending);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
