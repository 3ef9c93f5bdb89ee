// How much dedupe holds of a rating that was stored very often.
#include "integration/postgres_world.hpp"
#include "postgres/double_scan.hpp"

#include <algorithm>
#include <set>

namespace ratings::test {

TEST_SUITE("postgres: doubles") {
  TEST_CASE("copies beyond what is held at once come in portions, and all but the first are found") {
    constexpr std::int64_t kCopies = 200'000;
    constexpr std::size_t kAtOnce = 25'000;
    constexpr std::size_t kChunk = 25'000;  // rows of a megabyte, at most
    Database db;
    db.run("INSERT INTO ratings SELECT 1, 1, 1, 1 FROM generate_series(1, " + std::to_string(kCopies) + ")");
    db.run("INSERT INTO ratings VALUES (1, 1, 2, 1), (2, 1, 1, 1)");
    postgres::Session session{db.options};

    for (const bool everybody : {true, false}) {
      std::set<std::int64_t> taken;
      std::size_t most = 0;
      std::size_t last = 0;
      DoubleFinder finder{[&](std::int64_t place) { taken.insert(place); }};
      const auto examine = [&](std::vector<PlacedRating>& records, postgres::DoubleScan::Portion portion) {
        most = std::max(most, records.size());
        if (portion == postgres::DoubleScan::Portion::more) return finder.thin(records);
        ++last;
        finder.examine(records);
      };
      session.read("testing", [&](pqxx::work& work) {
        postgres::DoubleScan scan{work, session.conninfo_text(), [] {}, kAtOnce};
        if (everybody) {
          scan.everybody(examine);
        } else {
          scan.users(std::vector{UserId{1}}, examine);
        }
        return 0;
      });

      DedupeResult result;
      finder.report(result);
      CHECK(taken.size() == kCopies - 1);
      CHECK(result.rows == kCopies - 1);
      CHECK(result.groups == 1);
      CHECK(result.conflict_count == 1);
      CHECK(most <= kAtOnce + kChunk);
      CHECK(last == 1);
    }
  }
}

}  // namespace ratings::test
