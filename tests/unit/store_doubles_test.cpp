// What dedupe is, without a store: which records are doubles, and how few bytes find them.
#include "postgres/fingerprints.hpp"
#include "store/doubles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace ratings {
namespace {

PlacedRating placed(std::int64_t place, std::int64_t user, std::int32_t movie, float score,
                    std::int64_t timestamp) {
  return {.rating = {.user = {user}, .movie = {movie}, .score = score, .timestamp = timestamp},
          .place = place};
}

/// RATINGS_TEST_SEED repeats a run.
std::uint64_t seed() {
  const char* wanted = std::getenv("RATINGS_TEST_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
}

}  // namespace

TEST_SUITE("doubles") {
  TEST_CASE("of equal records the one at the lowest place stays, whatever order they come in") {
    std::vector<PlacedRating> records{placed(7, 1, 5, 3, 100), placed(2, 1, 5, 3, 100),
                                      placed(9, 2, 5, 3, 100), placed(4, 1, 5, 3, 100)};
    std::vector<std::int64_t> taken;
    DoubleFinder finder{[&](std::int64_t place) { taken.push_back(place); }};

    finder.examine(records);

    DedupeResult result;
    finder.report(result);
    CHECK(taken == std::vector<std::int64_t>{4, 7});
    CHECK(result.rows == 2);
    CHECK(result.groups == 1);
    REQUIRE(result.users.size() == 1);
    CHECK(result.users[0].user == UserId{1});
    CHECK(result.conflict_count == 0);
  }

  TEST_CASE("a score of -0 is the score 0") {
    std::vector<PlacedRating> records{placed(1, 1, 5, -0.0F, 100), placed(2, 1, 5, 0.0F, 100)};
    std::vector<std::int64_t> taken;
    DoubleFinder finder{[&](std::int64_t place) { taken.push_back(place); }};

    finder.examine(records);

    CHECK(taken == std::vector<std::int64_t>{2});
  }

  TEST_CASE("records that come in portions are judged as if they had come at once") {
    const auto start = seed();
    CAPTURE(start);
    std::mt19937_64 random{start};
    std::vector<PlacedRating> all;
    for (std::int64_t place = 0; place < 2'000; ++place) {
      const auto score = static_cast<float>(random() % 3);
      all.push_back(placed(place, static_cast<std::int64_t>(random() % 3), 5, score, 100));
    }
    std::shuffle(all.begin(), all.end(), random);
    std::set<std::int64_t> at_once;
    std::set<std::int64_t> in_portions;
    DoubleFinder whole{[&](std::int64_t place) { at_once.insert(place); }};
    DoubleFinder part{[&](std::int64_t place) { in_portions.insert(place); }};

    std::vector<PlacedRating> records;
    for (const auto& record : all) {
      records.push_back(record);
      if (records.size() == 40) part.thin(records);
      REQUIRE(records.size() < 40);
    }
    part.examine(records);
    whole.examine(all);

    DedupeResult expected;
    DedupeResult result;
    whole.report(expected);
    part.report(result);
    CHECK(in_portions == at_once);
    CHECK(result.rows == expected.rows);
    CHECK(result.groups == expected.groups);
    CHECK(result.conflict_count == 3);
    REQUIRE(result.conflicts.size() == 3);
    CHECK(result.conflicts.front().records == 3);
  }

  TEST_CASE("users whose events are examined apart are counted once, and conflicts are named in order") {
    DoubleFinder finder{[](std::int64_t) {}};
    for (std::int64_t time = 3'000; time > 0; --time) {
      std::vector<PlacedRating> records{placed(1, 1, 5, 3, time), placed(2, 1, 5, 4, time),
                                        placed(3, 1, 5, 4, time)};
      finder.examine(records);
    }

    DedupeResult result;
    finder.report(result);
    CHECK(result.user_count == 1);
    CHECK(result.rows == 3'000);
    CHECK(result.conflict_count == 3'000);
    REQUIRE(result.conflicts.size() == 1'000);
    CHECK(result.conflicts.front().timestamp == 1);
    CHECK(result.conflicts.back().timestamp == 1'000);
    CHECK(result.conflicts.front().records == 2);
  }

  TEST_CASE("a million copies in one chunk are one candidate") {
    postgres::Fingerprints prints{2};
    for (int number = 0; number < 1'000'000; ++number) {
      prints.add(0, 42, 7);
      prints.add(1, 42 + number % 2, 8);  // in one bucket with others
    }
    std::vector<postgres::Fingerprints::Candidate> found;

    CHECK(prints.take_twins(0, found) == 2'000'000);

    REQUIRE(found.size() == 3);
    CHECK(found[0].records == 1'000'000);
    CHECK(found[1].records + found[2].records == 1'000'000);
  }

  TEST_CASE("every record with a twin is a candidate once, in its chunk, and no other is") {
    using postgres::Fingerprints;
    const auto start = seed();
    CAPTURE(start);
    std::mt19937_64 random{start};
    Fingerprints prints{3};
    std::map<std::uint64_t, std::multiset<std::uint32_t>> chunks;
    for (int number = 0; number < 200'000; ++number) {
      // Half of them from few values, spread over all bits that are kept.
      const auto value = number % 2 == 0 ? random() : (random() % 5'000) * 0x9E3779B97F4A7C15ULL;
      const auto chunk = static_cast<std::uint32_t>(random() % Fingerprints::kMaxChunks);
      prints.add(random() % 3, value, chunk);
      chunks[value & Fingerprints::kBits].insert(chunk);
    }

    std::vector<Fingerprints::Candidate> found;
    for (std::size_t bucket = 0; bucket < Fingerprints::kBuckets; ++bucket)
      (void)prints.take_twins(bucket, found);

    std::map<std::uint64_t, std::multiset<std::uint32_t>> twins;
    for (const auto& candidate : found) {
      for (std::uint32_t record = 0; record < candidate.records; ++record)
        twins[candidate.print].insert(candidate.chunk);
    }
    std::erase_if(chunks, [](const auto& print) { return print.second.size() == 1; });
    CHECK(chunks.size() > 4'000);
    CHECK(twins == chunks);
    found.clear();
    CHECK(prints.take_twins(0, found) == 0);
    CHECK(found.empty());
  }
}

}  // namespace ratings
