#include "load/progress_meter.hpp"
#include "load_support.hpp"

#include <doctest/doctest.h>

namespace ratings::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_SUITE("load progress") {
  TEST_CASE("it is told as the stage begins and ends, and at most every 100 ms between") {
    Listener listener;
    FakeClock clock;
    ProgressMeter meter{listener, clock};

    meter.begin("read", 1000);
    for (int i = 1; i <= 100; ++i) {
      clock.advance(10ms);
      meter.update("a.csv", static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i));
    }
    CHECK(listener.seen.size() == 11);
    const auto stage = meter.end();

    CHECK(listener.seen.size() == 12);
    CHECK(stage.name == "read");
    CHECK(stage.took == 1000ms);
    CHECK(listener.seen.back().file == "a.csv");
    CHECK(listener.seen.back().done == 100);
    CHECK(listener.seen.back().total == 1000);
  }

  TEST_CASE("the rate is the last second's, the time left follows from the whole stage") {
    Listener listener;
    FakeClock clock;
    ProgressMeter meter{listener, clock};
    meter.begin("read", 1000);

    std::uint64_t rows = 0;
    for (int tenth = 1; tenth <= 40; ++tenth) {
      clock.advance(100ms);
      rows += tenth <= 20 ? 100 : 5;  // 1000 a second at first, then 50
      meter.update("a.csv", static_cast<std::uint64_t>(tenth) * 10, rows);
    }

    CHECK(listener.seen[10].rows_per_second == doctest::Approx(1000));
    CHECK(listener.seen[40].rows_per_second == doctest::Approx(50));
    CHECK(listener.seen[40].eta == 6s);  // 400 of 1000 bytes in 4 s
  }

  TEST_CASE("without a total there is no time left to tell") {
    Listener listener;
    FakeClock clock;
    ProgressMeter meter{listener, clock};
    meter.begin("read", std::nullopt);
    clock.advance(1s);
    meter.update("-", 10, 1);

    CHECK(!listener.seen.back().eta);
  }

  TEST_CASE("a load tells each stage as it begins and ends, then with all its bytes done") {
    Bench bench;
    const auto first = bench.folder.write("a.csv", kTwoRows);
    const auto second = bench.folder.write("b.csv", kOtherRow);

    (void)bench.run({.files = {first, second}});

    std::vector<std::string> stages;
    for (const auto& seen : bench.listener.seen) stages.push_back(seen.stage);
    REQUIRE(stages == std::vector<std::string>{"hash", "hash", "read", "read", "commit", "commit"});
    for (const std::size_t end : {1U, 3U}) {
      CHECK(bench.listener.seen[end].done == kTwoRows.size() + kOtherRow.size());
      CHECK(bench.listener.seen[end].total == kTwoRows.size() + kOtherRow.size());
    }
    CHECK(bench.listener.seen[3].rows == 3);
  }
}

}  // namespace ratings::test
