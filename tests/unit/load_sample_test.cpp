#include "csv/content_hasher.hpp"
#include "load/decision.hpp"
#include "load_support.hpp"
#include "support/generator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

namespace ratings::test {
namespace {

const std::string kShippedSample = RATINGS_SOURCE_DIR "/data/ratings_sample.csv";

}  // namespace

TEST_SUITE("load sample") {
  TEST_CASE("the shipped sample is what its command makes, byte for byte") {
    const TempFolder folder;
    REQUIRE(generate("--rows 100000 --seed 3 --out " + folder.path("s.csv")) == 0);

    CHECK((read_whole(folder.path("s.csv")) == read_whole(kShippedSample)));
  }

  TEST_CASE("the shipped sample is on the list of known samples") {
    csv::ContentHasher hasher;
    hasher.update(read_whole(kShippedSample));
    const auto known = known_samples();

    CHECK(std::count(known.begin(), known.end(), hasher.hash()) == 1);
  }

  TEST_CASE("the sample has the shape that the manual promises") {
    Bench bench;
    const auto report = bench.run({.files = {kShippedSample}});

    CHECK(report.loaded == 100'000);
    CHECK(report.rejected == 0);
    std::map<UserId, std::vector<std::int64_t>> times;
    for (const auto& row : bench.store.rows) {
      times[row.user].push_back(row.timestamp);
      CHECK_UNARY(row.timestamp >= 789652009 && row.timestamp <= 1501829957);
    }
    CHECK(report.users == times.size());
    CHECK(times[UserId{1}].size() == 303);
    auto& own = times[UserId{42}];
    CHECK(own.size() == 542);
    std::sort(own.begin(), own.end());
    CHECK(std::adjacent_find(own.begin(), own.end()) != own.end());
    const auto busiest = std::max_element(times.begin(), times.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    });
    CHECK(busiest->second.size() > 3000);
    const auto in_order = [](const Rating& a, const Rating& b) {
      return a.user != b.user ? a.user < b.user : a.movie < b.movie;
    };
    CHECK(std::is_sorted(bench.store.rows.begin(), bench.store.rows.end(), in_order));
  }

  TEST_CASE("a store that holds the sample alone takes the first real file without being asked") {
    Bench bench;
    (void)bench.run({.files = {kShippedSample}});
    CHECK(bench.run({.files = {kShippedSample}}).no_op);

    const auto report = bench.run({.files = {bench.folder.write("a.csv", kTwoRows)}});

    CHECK(report.generation == 2);
    CHECK(bench.store.rows.size() == 2);
  }

  TEST_CASE("the generator makes exact doubles, as many as asked for") {
    Bench bench;
    REQUIRE(generate("--rows 20000 --doubles 1% --out " + bench.folder.path("d.csv")) == 0);

    (void)bench.run({.files = {bench.folder.path("d.csv")}});

    std::size_t doubles = 0;
    for (std::size_t i = 1; i < bench.store.rows.size(); ++i)
      doubles += bench.store.rows[i] == bench.store.rows[i - 1] ? 1 : 0;
    CHECK(bench.store.rows.size() == 20'000);
    CHECK(doubles == 200);
  }

  TEST_CASE("the generator refuses bad arguments with exit 2 and a full disk with exit 1") {
    for (const auto* bad : {"--rows 0", "--rows x", "--rows", "--unknown 1", "--doubles 51",
                            "--doubles 0.123", "--rows 5 --users 6"}) {
      CAPTURE(bad);
      CHECK(generate(bad) == 2);
    }
    CHECK(generate("--rows 100000 > /dev/full") == 1);
    CHECK(generate("--help > /dev/null") == 0);
  }

  TEST_CASE("100,004 real ratings, where they are at hand, are all loaded") {
    const std::string real = RATINGS_SOURCE_DIR "/../shared/data/ratings_small.csv";
    if (!std::filesystem::exists(real)) return;
    Bench bench;

    const auto report = bench.run({.files = {real}});

    CHECK(report.loaded == 100'004);
    CHECK(report.users == 671);
  }
}

}  // namespace ratings::test
