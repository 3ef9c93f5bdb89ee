#include "coherence/position_coherence.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"

#include "ratings/history_view.hpp"
#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::kBob;

/// Each answer tells which version it saw; a reader may never see less than what was written before it asked.
void hammer(std::chrono::milliseconds delta) {
  constexpr int kReaders = 4;
  constexpr std::int64_t kWrites = 300;
  test::FakeStore store;
  store.delta = delta;
  store.write(kAnn, 1);
  test::FakePositionReader::Wire wire;
  auto& clock = boot_clock();
  PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                              Background::thread};
  test::FakeHistoryReader reader{store};
  test::FakeCache memory;
  test::FakeCache redis;
  RatingService service{reader, coherence, &memory, &redis, clock};
  std::atomic<std::int64_t> reported{1};
  std::atomic<bool> done{false};
  std::atomic<int> violations{0};
  std::atomic<int> answers{0};
  {
    std::vector<std::jthread> readers;
    readers.reserve(kReaders);
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] {
        while (!done) {
          const auto least = reported.load();
          const auto answer = service.history(kAnn, clock.now());
          const auto seen = from_json(kAnn, answer.history->body()).at(0).timestamp;
          violations += seen < least;
          ++answers;
          answers.notify_all();
        }
      });
    }
    for (std::int64_t version = 2; version < kWrites; ++version) {
      store.write(kAnn, version);
      // What a writer does after COMMIT.
      if (delta > 0ms) clock.sleep_until(clock.now() + delta + 1us);
      reported = version;
      const int seen = answers;  // each version is looked at
      answers.wait(seen);
    }
    done = true;
  }
  CHECK(violations == 0);
  CHECK(answers > 0);
}

TEST_SUITE("service: threads") {
  TEST_CASE("no answer is older than a change reported before the request, with a lease") { hammer(5ms); }
  TEST_CASE("no answer is older than a change reported before the request, in strict mode") { hammer(0ms); }

  TEST_CASE("the background thread validates, recovers and ends with its object") {
    test::FakeStore store;
    store.delta = 20ms;
    test::FakePositionReader::Wire wire;
    std::atomic<int> rounds{0};
    wire.before = [&] {
      ++rounds;
      rounds.notify_all();
    };
    {
      const auto coherence =
          make_coherence(std::make_unique<test::FakePositionReader>(store, wire), boot_clock());
      for (int seen = rounds; seen < 4; seen = rounds) rounds.wait(seen);
      store.away = true;
      for (int seen = rounds, until = seen + 2; seen < until; seen = rounds) rounds.wait(seen);
      store.away = false;
      for (int seen = rounds, until = seen + 2; seen < until; seen = rounds) rounds.wait(seen);
      CHECK(coherence->checks().at(0).name == "store");
    }
    const int ended = rounds;
    CHECK(ended >= 8);
  }

  TEST_CASE("a hint wakes the background thread at once") {
    /// Comes when the test says so, and never else.
    class Hints final : public ChangeHints {
     public:
      explicit Hints(std::binary_semaphore& given) : given_{given} {}
      bool wait(std::chrono::nanoseconds, const std::stop_token& stop) noexcept override {
        const std::stop_callback wake{stop, [this] { given_.release(); }};
        given_.acquire();
        return !stop.stop_requested();
      }

     private:
      std::binary_semaphore& given_;
    };
    test::FakeStore store;
    test::FakePositionReader::Wire wire;
    std::atomic<int> rounds{0};
    wire.before = [&] {
      ++rounds;
      rounds.notify_all();
    };
    std::binary_semaphore hint{0};
    const auto coherence = make_coherence(std::make_unique<test::FakePositionReader>(store, wire),
                                          boot_clock(), std::make_unique<Hints>(hint));
    for (int expected = 1; expected < 5; ++expected) {
      rounds.wait(expected - 1);
      CHECK(rounds == expected);
      hint.release();
      rounds.wait(expected);
    }
  }

  TEST_CASE("in strict mode all who arrive while a question is under way share the next one") {
    constexpr int kThreads = 64;  // as many as `serve` has
    constexpr int kRounds = 30;
    test::FakeStore store;
    store.delta = 0ms;
    store.write(kAnn, 1);
    test::FakePositionReader::Wire wire;
    test::FakeClock clock;
    PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                                Background::none};
    const auto tag = store.tag(kAnn);
    std::atomic<int> arrived{0};
    std::atomic<int> expected{kThreads};
    // The first question of a round is under way until everybody has come.
    wire.before = [&] {
      for (int seen = arrived; seen < expected; seen = arrived) arrived.wait(seen);
    };
    const int before = wire.questions;
    std::atomic<int> given_up{0};
    std::barrier round{kThreads, [&]() noexcept { expected += kThreads; }};
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          for (int done = 0; done < kRounds; ++done) {
            clock.advance(1ns);
            const auto now = clock.now();
            ++arrived;
            arrived.notify_all();
            // Who waits gives up after a second, for which a busy machine may have stopped us.
            while (!coherence.usable(kAnn, tag, now)) ++given_up;
            round.arrive_and_wait();
          }
        });
      }
    }
    CHECK(given_up < kThreads);
    CHECK(wire.questions - before <= 2 * kRounds + given_up);
  }

  TEST_CASE("in strict mode waiting requests share a question") {
    constexpr int kThreads = 8;
    test::FakeStore store;
    store.delta = 0ms;
    store.write(kAnn, 1);
    test::FakePositionReader::Wire wire;
    test::FakeClock clock;
    PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                                Background::none};
    clock.advance(1ns);
    const auto tag = store.tag(kAnn);
    const int before = wire.questions;
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] { good += coherence.usable(kAnn, tag, clock.now()); });
      }
    }
    CHECK(good == kThreads);
    CHECK(wire.questions == before + 1);
  }
}

}  // namespace
}  // namespace ratings
