// How many histories a second come from the shared cache, by where it lies; called by redis_cluster_bench.py.
//   redis_bench ROUNDS SECONDS THREADS NAME=URL…     prints a Markdown table; ratios are to the first, of one
//   round
#include "ratings/cache.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <latch>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace ratings;

constexpr std::int64_t kUsers = 2'000;
constexpr std::size_t kBody = 6'000;  // a usual history: 96 ratings

struct Subject {
  std::string name;
  std::unique_ptr<Cache> cache;
  std::vector<double> rates;
};

/// A server that has just been started may not be there yet, nor know its cluster: tries for ten seconds.
void fill(Cache& cache, std::int64_t user) {
  const auto value = std::make_shared<const CachedHistory>(UserId{user}, Tag{}, std::string(kBody, 'x'));
  for (int i = 0; i < 100; ++i) {
    cache.put(value);
    if (cache.get(UserId{user}) != nullptr) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  throw std::runtime_error{"a history that was put does not come back"};
}

double hits_per_second(Cache& cache, unsigned threads, std::chrono::duration<double> time) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> found{0};
  std::atomic<std::uint64_t> missed{0};
  std::latch start{threads + 1};
  std::vector<std::jthread> running;
  running.reserve(threads);
  for (unsigned n = 0; n < threads; ++n) {
    running.emplace_back([&, n] {
      std::minstd_rand random{n + 1};
      start.arrive_and_wait();
      while (!stop.load(std::memory_order_relaxed)) {
        const UserId user{static_cast<std::int64_t>(random()) % kUsers};
        ++(cache.get(user) != nullptr ? found : missed);
      }
    });
  }
  start.arrive_and_wait();
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(time);
  stop = true;
  running.clear();
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  if (missed != 0)
    throw std::runtime_error{std::to_string(missed) + " misses: the figure would be no figure of hits"};
  return static_cast<double>(found) / spent.count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print(const std::vector<Subject>& subjects) {
  std::printf("| shared cache | histories/s | against the first |\n| --- | ---: | ---: |\n");
  for (const auto& subject : subjects) {
    std::vector<double> ratios;
    ratios.reserve(subject.rates.size());
    for (std::size_t i = 0; i < subject.rates.size(); ++i)
      ratios.push_back(subject.rates[i] / subjects.front().rates[i]);
    std::printf("| %s | %.0f | %.2f× (%.2f–%.2f) |\n", subject.name.c_str(), median(subject.rates),
                median(ratios), *std::ranges::min_element(ratios), *std::ranges::max_element(ratios));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) {
    std::fprintf(stderr, "usage: redis_bench ROUNDS SECONDS THREADS NAME=URL…\n");
    return 2;
  }
  const int rounds = std::max(1, std::atoi(argv[1]));
  const std::chrono::duration<double> time{std::strtod(argv[2], nullptr)};
  const auto threads = static_cast<unsigned>(std::max(1, std::atoi(argv[3])));
  std::vector<Subject> subjects;
  for (int i = 4; i < argc; ++i) {
    const std::string argument{argv[i]};
    const auto equals = argument.find('=');
    auto cache = make_redis_cache({.url = argument.substr(equals + 1), .password = "", .store_id = "bench"});
    for (std::int64_t user = 0; user < kUsers; ++user) fill(*cache, user);
    subjects.push_back({.name = argument.substr(0, equals), .cache = std::move(cache), .rates = {}});
  }
  for (int round = 0; round < rounds; ++round) {
    for (auto& subject : subjects) subject.rates.push_back(hits_per_second(*subject.cache, threads, time));
  }
  print(subjects);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "redis_bench: %s\n", error.what());
  return 1;
}
