#include "store/seats.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace ratings;
using namespace std::chrono_literals;

namespace {

Instant late() { return boot_clock().now() + 60s; }

void wait_until_waiting(const Seats& seats, std::uint64_t count) {
  while (seats.figures().waiting < count) std::this_thread::yield();
}

}  // namespace

TEST_SUITE("seats") {
  TEST_CASE("as many as there are, and again when they come back") {
    Seats seats{2};
    {
      const auto one = seats.take(late());
      const auto two = seats.take(late());
      CHECK(seats.figures().in_use == 2);
      CHECK(seats.figures().size == 2);
    }
    CHECK(seats.figures().in_use == 0);
    CHECK(seats.figures().waits == 0);
  }

  TEST_CASE("waiting ends at the deadline, and is counted with its time") {
    Seats seats{1};
    const auto taken = seats.take(late());
    try {
      (void)seats.take(boot_clock().now() + 5ms);
      FAIL("a second seat of one");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::busy);
    }
    const auto figures = seats.figures();
    CHECK(figures.waits == 1);
    CHECK(figures.timeouts == 1);
    CHECK(figures.waited >= 4ms);
    CHECK(figures.waiting == 0);
    CHECK(figures.refused == 0);
  }

  TEST_CASE("one more than may wait is refused at once, and all who wait are served in their order") {
    constexpr std::size_t kMost = Seats::kWaitersASeat;
    Seats seats{1};
    std::vector<std::size_t> order;  // written by whoever has the one seat
    std::vector<std::jthread> waiters;
    {
      const auto taken = seats.take(late());
      for (std::size_t number = 0; number < kMost; ++number) {
        waiters.emplace_back([&, number] {
          const auto seat = seats.take(late());
          order.push_back(number);
        });
        wait_until_waiting(seats, number + 1);
      }
      const auto asked = boot_clock().now();
      try {
        (void)seats.take(late());
        FAIL("more waiters than allowed");
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::busy);
        CHECK(std::string{error.what()}.find("16 requests wait") != std::string::npos);
      }
      CHECK(boot_clock().now() - asked < 30s);
      CHECK(seats.figures().refused == 1);
    }
    waiters.clear();
    REQUIRE(order.size() == kMost);
    for (std::size_t number = 0; number < kMost; ++number) CHECK(order[number] == number);
    CHECK(seats.figures().in_use == 0);
    CHECK(seats.figures().waits == kMost);
    CHECK(seats.figures().timeouts == 0);
  }

  TEST_CASE("a seat for work that nobody waits for is never the last one") {
    Seats one{1};
    CHECK_FALSE(one.take_spare().has_value());

    Seats seats{3};
    const auto first = seats.take(late());
    {
      const auto spare = seats.take_spare();
      CHECK(spare.has_value());
      CHECK_FALSE(seats.take_spare().has_value());
      CHECK(seats.figures().in_use == 2);
    }
    CHECK(seats.figures().in_use == 1);
  }
}
