#include "coherence/position_coherence.hpp"
#include "service/single_flight.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"

#include "ratings/history_view.hpp"
#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <latch>
#include <memory>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::kBob;

CachedHistoryPtr body(const std::string& text) {
  return std::make_shared<const CachedHistory>(kAnn, Tag{}, text);
}

constexpr auto kAcceptNone = [](const CachedHistory&) { return false; };

/// What every user asked for is told.
std::vector<Answer> all(std::span<const UserId> users, const std::string& text) {
  return std::vector<Answer>(users.size(), Answer{body(text), Source::miss});
}

/// The read of one user.
Answer run_one(SingleFlight& flights, Instant arrived, const std::function<Answer()>& read) {
  return flights
      .run(
          {&kAnn, 1}, arrived, [&](std::span<const UserId>) { return std::vector{read()}; }, kAcceptNone)
      .front();
}

TEST_SUITE("single_flight") {
  TEST_CASE("all who arrived before a read began share it") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto arrived = clock.now();
    clock.advance(1ns);
    std::atomic<int> reads{0};
    std::latch reading{1};
    std::latch go_on{1};
    const auto read = [&] {
      ++reads;
      reading.count_down();
      go_on.wait();
      return Answer{body("shared"), Source::miss};
    };
    std::vector<std::jthread> threads;
    std::atomic<int> shared{0};
    threads.emplace_back([&] { shared += run_one(flights, arrived, read).history->body() == "shared"; });
    reading.wait();
    for (int i = 0; i < 7; ++i) {
      threads.emplace_back([&] {
        // Should it come after the landing, it reads for itself; go_on is open then.
        shared += run_one(flights, arrived, [&] {
                    return Answer{body("shared"), Source::miss};
                  }).history->body() == "shared";
      });
    }
    go_on.count_down();
    threads.clear();

    CHECK(shared == 8);
    CHECK(reads == 1);
  }

  TEST_CASE("who arrived after the read began does not get its result, but reads again") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    std::latch reading{1};
    std::latch go_on{1};
    std::string late;
    std::jthread leader{[&] {
      (void)run_one(flights, clock.now(), [&] {
        reading.count_down();
        go_on.wait();
        return Answer{body("old"), Source::miss};
      });
    }};
    reading.wait();
    clock.advance(1ns);
    std::jthread follower{[&] {
      late = run_one(flights, clock.now(), [&] { return Answer{body("new"), Source::miss}; }).history->body();
    }};
    go_on.count_down();
    leader.join();
    follower.join();

    CHECK(late == "new");
  }

  TEST_CASE("a failed read fails those who share it and nobody after") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto arrived = clock.now();
    const auto fail = []() -> Answer { throw Error{Kind::busy, "reading: no answer in time"}; };

    CHECK_THROWS_AS((void)run_one(flights, arrived, fail), Error);

    const auto next = run_one(flights, arrived, [] { return Answer{body("fine"), Source::miss}; });
    CHECK(next.history->body() == "fine");
  }

  TEST_CASE("the followers of a failed read get its error") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto arrived = clock.now();
    clock.advance(1ns);
    constexpr int kThreads = 8;
    std::atomic<int> failed{0};
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          try {
            (void)run_one(flights, arrived, []() -> Answer {
              throw Error{Kind::busy, "reading: no answer in time"};
            });
          } catch (const Error& error) {
            failed += error.kind() == Kind::busy;
          }
        });
      }
    }
    CHECK(failed == kThreads);
  }

  TEST_CASE(
      "two who want some of the same users read each user once, and nobody waits for the other's wait") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto arrived = clock.now();
    clock.advance(1ns);
    const std::vector<UserId> first{kAnn, kBob};
    const std::vector<UserId> second{kBob, UserId{3}, kAnn};
    std::latch reading{1};
    std::latch go_on{1};
    std::vector<UserId> read_second;
    std::vector<Answer> answers;
    std::jthread leader{[&] {
      (void)flights.run(
          first, arrived,
          [&](std::span<const UserId> users) {
            reading.count_down();
            go_on.wait();
            return all(users, "first");
          },
          kAcceptNone);
    }};
    reading.wait();
    std::jthread follower{[&] {
      answers = flights.run(
          second, arrived,
          [&](std::span<const UserId> users) {
            read_second.assign(users.begin(), users.end());
            go_on.count_down();  // only now can the first read end, which it waits for afterwards
            return all(users, "second");
          },
          kAcceptNone);
    }};
    leader.join();
    follower.join();

    CHECK(read_second == std::vector{UserId{3}});
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].history->body() == "first");
    CHECK(answers[1].history->body() == "second");
    CHECK(answers[2].history->body() == "first");
    CHECK(flights.shared() == 2);
  }

  TEST_CASE("a follower of a read that hangs gives up at its own deadline, and the read goes on") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto arrived = clock.now();
    clock.advance(1ns);
    std::latch reading{1};
    std::latch go_on{1};
    std::string late;
    std::jthread leader{[&] {
      late = run_one(flights, arrived, [&] {
               reading.count_down();
               go_on.wait();
               return Answer{body("late"), Source::miss};
             }).history->body();
    }};
    reading.wait();
    clock.advance(kRequestDeadline);
    try {
      (void)run_one(flights, arrived, [] { return Answer{}; });
      FAIL("it was answered");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::busy);
    }
    go_on.count_down();
    leader.join();
    CHECK(late == "late");
  }
}

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
