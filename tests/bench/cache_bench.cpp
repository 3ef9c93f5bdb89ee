// Hits a second of the memory cache, over threads and keys: does one thread's hit wait for another's? Waits
// are voluntary context switches; a lock's holder who lost its core costs one, whatever else the machine
// does.
//   cache_bench [SECONDS]      default: 1 s for each figure; prints a Markdown table
#include "ratings/cache.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace ratings;

constexpr std::int64_t kUsers = 10'000;
constexpr std::size_t kBody = 6'000;  // a usual history: 96 ratings

struct Keys {
  const char* name;
  std::int64_t users;
};

struct Rate {
  double hits_per_second;
  double waits_per_second;
};

double voluntary_switches() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_nvcsw);
}

/// What does not grow with the threads is not the cache's doing, so the same loop runs without a cache too.
Rate measure(Cache* cache, const Keys& keys, unsigned threads, std::chrono::duration<double> time) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> hits{0};
  std::latch start{threads + 1};
  std::vector<std::jthread> running;
  for (unsigned n = 0; n < threads; ++n) {
    running.emplace_back([&, n] {
      std::minstd_rand random{n + 1};
      std::uint64_t found = 0;
      start.arrive_and_wait();
      while (!stop.load(std::memory_order_relaxed)) {
        for (int i = 0; i < 100; ++i) {
          const UserId user{static_cast<std::int64_t>(random()) % keys.users};
          found += cache == nullptr ? static_cast<std::uint64_t>(user.value >= 0)
                                    : static_cast<std::uint64_t>(cache->get(user) != nullptr);
        }
      }
      hits += found;
    });
  }
  start.arrive_and_wait();
  const auto switches = voluntary_switches();
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(time);
  stop = true;
  running.clear();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {static_cast<double>(hits) / seconds, (voluntary_switches() - switches) / seconds};
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::duration<double> time{argc > 1 ? std::strtod(argv[1], nullptr) : 1.0};
  const auto cache = make_memory_cache(std::size_t{256} * 1024 * 1024);
  for (std::int64_t user = 0; user < kUsers; ++user)
    cache->put(std::make_shared<const CachedHistory>(UserId{user}, Tag{}, std::string(kBody, 'x')));

  std::printf(
      "| keys | 1 thread | 2 threads | ratio | waits of 2 threads |\n| --- | ---: | ---: | ---: | ---: |\n");
  const auto row = [time](Cache* from, const Keys& keys) {
    const auto one = measure(from, keys, 1, time);
    const auto two = measure(from, keys, 2, time);
    std::printf("| %s | %.1f M/s | %.1f M/s | %.2f | %.0f/s |\n", keys.name, one.hits_per_second / 1e6,
                two.hits_per_second / 1e6, two.hits_per_second / one.hits_per_second, two.waits_per_second);
  };
  row(nullptr, {"no cache, the loop alone", kUsers});
  row(cache.get(), {"spread over 10,000 users", kUsers});
  row(cache.get(), {"100 hot users", 100});
  row(cache.get(), {"one hot user", 1});
}
