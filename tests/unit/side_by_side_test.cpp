#include "core/side_by_side.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <latch>
#include <stdexcept>
#include <string>

using ratings::Error;
using ratings::Kind;
using ratings::side_by_side;

TEST_SUITE("side by side") {
  TEST_CASE("each number is worked on once, all at the same time") {
    std::array<std::atomic<int>, 5> done{};
    std::latch met{5};

    side_by_side(done.size(), [&](std::size_t number) {
      met.arrive_and_wait();  // would never return if one came after the other
      ++done[number];
    });

    for (const auto& count : done) CHECK(count == 1);
    side_by_side(0, [](std::size_t) { FAIL("there was nothing to do"); });
  }

  TEST_CASE("the first failure is told at once, and thrown when all have ended") {
    std::latch failed{1};
    std::atomic<int> ended = 0;
    std::atomic<int> told = 0;

    try {
      side_by_side(
          4,
          [&](std::size_t number) {
            if (number == 2) throw Error{Kind::guard, "the second", ratings::Outcome::told};
            failed.wait();
            ++ended;
            if (number == 3) throw std::runtime_error{"too late"};
          },
          [&] {
            ++told;
            failed.count_down();
          });
      FAIL("a failure was swallowed");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::guard);
      CHECK(std::string{error.what()} == "the second");
      CHECK((error.outcome() == ratings::Outcome::told));
    }
    CHECK(ended == 3);
    CHECK(told == 1);
  }

  TEST_CASE("an exception that is not ours is a bug of ours") {
    try {
      side_by_side(2, [](std::size_t number) {
        if (number == 1) throw std::runtime_error{"odd"};
      });
      FAIL("a failure was swallowed");
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::internal);
      CHECK(std::string{error.what()} == "odd");
    }
  }
}
