#include "service/single_flight.hpp"

#include "support/fake_clock.hpp"
#include "support/fake_position_reader.hpp"

#include "ratings/error.hpp"
#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <span>
#include <string>
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

  TEST_CASE("who has time left reads again when its leader's time is up") {
    test::FakeClock clock;
    SingleFlight flights{clock};
    const auto early = clock.now();
    clock.advance(kRequestDeadline - 1ms);
    const auto arrived = clock.now();
    clock.advance(1ns);
    std::latch reading{1};
    std::latch go_on{1};
    std::jthread leader{[&] {
      const auto fail = [&]() -> Answer {
        reading.count_down();
        go_on.wait();
        throw Error{Kind::busy, "reading: no answer in time"};
      };
      CHECK_THROWS_AS((void)run_one(flights, early, fail), Error);
    }};
    reading.wait();
    const auto read = [&](std::span<const UserId> users) {
      if (users.front() == kBob) go_on.count_down();  // the other user is being waited for: now it may fail
      return all(users, "own");
    };
    const std::vector<UserId> both{kAnn, kBob};
    const auto answers = flights.run(both, arrived, read, kAcceptNone);

    CHECK(answers.front().history->body() == "own");
  }
}

}  // namespace
}  // namespace ratings
