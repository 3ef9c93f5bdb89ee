// Does one thread's hit in the memory cache cost another's? Each thread has a core of its own and counts hits
// by its own processor time, so that a busy machine does not blur the figure; what it waits for locks shows
// as voluntary context switches.
//   cache_bench [SECONDS]      default: 1 s for each figure; prints a Markdown table
#include "ratings/cache.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <latch>
#include <mutex>
#include <pthread.h>
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
  double hits_per_cpu_second;
  double waits_per_second;
};

double voluntary_switches() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_nvcsw);
}

double cpu_seconds() {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void move_to_core(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core % std::max(1U, std::thread::hardware_concurrency()), &cores);
  (void)pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
}

/// Without a cache the same loop shows what the machine itself loses.
Rate measure(Cache* cache, const Keys& keys, unsigned threads, std::chrono::duration<double> time) {
  std::atomic<bool> stop{false};
  std::latch start{threads + 1};
  std::mutex mutex;
  double rate = 0;
  std::vector<std::jthread> running;
  for (unsigned n = 0; n < threads; ++n) {
    running.emplace_back([&, n] {
      move_to_core(n);
      std::minstd_rand random{n + 1};
      std::uint64_t found = 0;
      start.arrive_and_wait();
      const double begin = cpu_seconds();
      while (!stop.load(std::memory_order_relaxed)) {
        for (int i = 0; i < 100; ++i) {
          const UserId user{static_cast<std::int64_t>(random()) % keys.users};
          found +=
              static_cast<std::uint64_t>(cache == nullptr ? user.value >= 0 : cache->get(user) != nullptr);
        }
      }
      const double spent = cpu_seconds() - begin;
      const std::scoped_lock lock{mutex};
      rate += static_cast<double>(found) / spent;
    });
  }
  start.arrive_and_wait();
  const auto switches = voluntary_switches();
  std::this_thread::sleep_for(time);
  stop = true;
  const auto waits = voluntary_switches() - switches;
  running.clear();
  return {rate, waits / time.count()};
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::duration<double> time{argc > 1 ? std::strtod(argv[1], nullptr) : 1.0};
  const auto cache = make_memory_cache(std::size_t{256} * 1024 * 1024);
  for (std::int64_t user = 0; user < kUsers; ++user)
    cache->put(std::make_shared<const CachedHistory>(UserId{user}, Tag{}, std::string(kBody, 'x')));

  std::printf(
      "Hits a second of processor time.\n\n"
      "| keys | 1 thread | 2 threads together | ratio | waits of 2 threads |\n"
      "| --- | ---: | ---: | ---: | ---: |\n");
  const auto row = [time](Cache* from, const Keys& keys) {
    const auto one = measure(from, keys, 1, time);
    const auto two = measure(from, keys, 2, time);
    std::printf("| %s | %.1f M | %.1f M | %.2f | %.0f/s |\n", keys.name, one.hits_per_cpu_second / 1e6,
                two.hits_per_cpu_second / 1e6, two.hits_per_cpu_second / one.hits_per_cpu_second,
                two.waits_per_second);
  };
  row(nullptr, {"no cache, the loop alone", kUsers});
  row(cache.get(), {"spread over 10,000 users", kUsers});
  row(cache.get(), {"100 hot users", 100});
  row(cache.get(), {"one hot user", 1});
}
