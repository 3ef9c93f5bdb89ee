#include "load/block_order.hpp"
#include "load/user_counter.hpp"
#include "load_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace ratings::test {
namespace {

/// Some four blocks of rows, one in `odd` of them bad, with a line that reaches over blocks if it should.
std::string many_rows(std::mt19937& random, unsigned odd, bool long_line) {
  std::string text = kHeader;
  for (int i = 0; i < 50'000; ++i) {
    if (random() % odd == 0) {
      text += "bad " + std::to_string(i) + "\n";
    } else {
      text += std::to_string(random() % 5000) + "," + std::to_string(i) + ",3.5," +
              std::to_string(random() % 1000) + "\n";
    }
    if (long_line && i == 20'000) text += std::string(700'000, 'x') + "\n";
  }
  return text;
}

}  // namespace

TEST_SUITE("load by several lanes") {
  TEST_CASE("however many lanes: the same rows in the same order, counts, rejects and bad rows") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (const bool long_line : {false, true}) {
      Bench one;
      const auto text = many_rows(random, 900, long_line);
      const auto file = one.folder.write("a.csv", text);
      one.store.excluded = {UserId{7}, UserId{4999}, UserId{123456}};
      const auto expected =
          one.run({.files = {file}, .max_errors = 1000, .rejects = one.folder.path("one.csv"), .jobs = 1});
      REQUIRE(expected.rejected > 0);
      REQUIRE(expected.excluded > 0);
      for (const std::size_t jobs : {2U, 3U, 7U}) {
        CAPTURE(jobs);
        Bench many;
        const auto copy = many.folder.write("a.csv", text);
        many.store.excluded = one.store.excluded;

        const auto report = many.run(
            {.files = {copy}, .max_errors = 1000, .rejects = many.folder.path("many.csv"), .jobs = jobs});

        CHECK(many.store.rows == one.store.rows);
        CHECK(many.store.quarantine == one.store.quarantine);
        CHECK(many.store.live == one.store.live);
        CHECK(report.read == expected.read);
        CHECK(report.loaded == expected.loaded);
        CHECK(report.rejected == expected.rejected);
        CHECK(report.excluded == expected.excluded);
        CHECK(report.users == expected.users);
        CHECK(report.bytes == expected.bytes);
        CHECK(read_whole(many.folder.path("many.csv")) == read_whole(one.folder.path("one.csv")));
        REQUIRE(many.listener.bad_rows.size() == one.listener.bad_rows.size());
        for (std::size_t i = 0; i < one.listener.bad_rows.size(); ++i) {
          CHECK(many.listener.bad_rows[i].substr(copy.size()) ==
                one.listener.bad_rows[i].substr(file.size()));
        }
      }
    }
  }

  TEST_CASE("the bad row that ends a load is the file's first, whichever lane met one first") {
    Bench bench;
    std::mt19937 random{1};
    auto text = many_rows(random, 1'000'000'000, false);
    const auto line = std::count(text.begin(), text.end(), '\n') + 1;
    text += "first\n";
    while (text.size() < 4'000'000) text += "bad\n";
    const auto file = bench.folder.write("a.csv", text);

    for (int round = 0; round < 20; ++round) {
      const auto error = bench.error_of({.files = {file}, .jobs = 4});
      CHECK(std::string{error.what()}.find(file + ":" + std::to_string(line) + ": 1 field") == 0);
    }
    CHECK(bench.store.rows.empty());
  }

  TEST_CASE("a writer that fails in one lane ends the others, with its own error") {
    class Failing final : public RatingWriter {
     public:
      LoadFacts begin() override { return {}; }
      void start(Fill /*fill*/, std::size_t /*connections*/) override {}
      std::size_t append(std::span<const Rating> /*rows*/) override {
        if (++calls_ == 2) throw Error{Kind::unreachable, "the server is gone"};
        return 0;
      }
      LoadCommit commit(std::span<const LoadedFile> /*files*/, const StageWatch& /*entering*/) override {
        FAIL("committed after a failure");
        return {};
      }
      void cancel() noexcept override {}

     private:
      int calls_ = 0;
    };
    Bench bench;
    std::mt19937 random{1};
    const auto file = bench.folder.write("a.csv", many_rows(random, 1'000'000'000, false));
    Failing writer;

    CHECK_THROWS_WITH_AS(
        (void)load({.files = {file}, .jobs = 3}, writer, bench.listener, bench.stop, bench.clock),
        "the server is gone; nothing was loaded", Error);
  }
}

TEST_SUITE("block order") {
  TEST_CASE("blocks pass in the file's order, one at a time, with the lines of those before") {
    BlockOrder order{2};
    std::vector<std::uint64_t> seen;
    const auto see = [&](std::uint64_t line) { seen.push_back(line); };
    {
      std::jthread third{[&] { order.pass(2, 1, see); }};
      std::jthread second{[&] { order.pass(1, 20, see); }};
      order.pass(0, 100, see);
    }
    CHECK(seen == std::vector<std::uint64_t>{2, 102, 122});
  }

  TEST_CASE("giving up ends every wait, and nothing is begun any more") {
    BlockOrder order{1};
    std::atomic<bool> begun = false;
    {
      std::jthread waiting{[&] { order.pass(9, 1, [&](std::uint64_t) { begun = true; }); }};
      order.give_up();
    }
    order.pass(0, 1, [&](std::uint64_t) { begun = true; });
    CHECK(order.given_up());
    CHECK_FALSE(begun);
  }
}

TEST_SUITE("user counter") {
  TEST_CASE("users are counted once, by whichever thread, without those left out") {
    UserCounter counter;
    std::vector<std::jthread> threads;
    threads.reserve(3);
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        std::vector<Rating> rows;
        rows.reserve(10'000);
        for (std::int64_t i = 0; i < 10'000; ++i)
          rows.push_back(
              {.user = {i % 2 == 0 ? i : INT64_MAX - i}, .movie = {1}, .score = 1, .timestamp = 1});
        counter.add(rows);
      });
    }
    threads.clear();

    CHECK(counter.count_without({}) == 10'000);
    CHECK(counter.count_without(std::vector{UserId{2}, UserId{3}, UserId{INT64_MAX - 1}, UserId{1 << 27}}) ==
          9'998);
  }

  TEST_CASE("large ids are counted exactly, however often and in whatever order they come") {
    constexpr std::int64_t kUsers = 300'000;  // several rounds of sorting in
    constexpr std::int64_t kFirst = 5'000'000'000'000;
    UserCounter counter;
    std::vector<Rating> rows;
    // In order, then in another one: 7919 is prime to the number of users, so each comes again.
    for (const std::int64_t stride : {std::int64_t{1}, std::int64_t{7919}}) {
      for (std::int64_t i = 0; i < kUsers; ++i) {
        rows.push_back(
            {.user = {kFirst + (i * stride % kUsers) * 1000}, .movie = {1}, .score = 1, .timestamp = 1});
        if (rows.size() < 10'000) continue;
        counter.add(rows);
        rows.clear();
      }
      CHECK(counter.count_without({}) == kUsers);
    }

    CHECK(counter.count_without(std::vector{UserId{kFirst}, UserId{kFirst + 1}, UserId{kFirst + 2000}}) ==
          kUsers - 2);
  }
}

}  // namespace ratings::test
