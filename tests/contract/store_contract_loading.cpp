#include "contract/store_contract.hpp"

#include <thread>

namespace ratings::test {
namespace {

ContentHash content(std::uint8_t byte) {
  ContentHash hash;
  hash.bytes.fill(byte);
  return hash;
}

}  // namespace

TEST_SUITE("store: loading") {
  TEST_CASE("a first load fills an empty table and is found in the ledger") {
    Store store;
    CHECK(store.facts().empty);
    CHECK(store.facts().live.empty());

    const auto done = store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 31, 2.5F, 100)}, 7);

    CHECK(done.generation == 1);
    CHECK(done.committed > Instant::zero());
    const auto facts = store.facts();
    CHECK_FALSE(facts.empty);
    CHECK(facts.live == std::vector{content(7)});
    CHECK_FALSE(facts.foreign_changes);
    const auto status = store.admin().status();
    CHECK(status.rows == 2);
    REQUIRE(status.last_loads.size() == 1);
    CHECK(status.last_loads[0].name == "test.csv");
    CHECK(status.last_loads[0].rows == 2);
  }

  TEST_CASE("append adds rows and content to the generation, doubles included") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)}, 1);

    const auto done = store.load(Fill::append, {rate(1, 31, 2.5F, 100), rate(1, 32, 3, 101)}, 2);

    CHECK(done.generation == 1);
    CHECK(store.rows(1).size() == 3);
    CHECK(store.facts().live == std::vector{content(1), content(2)});
  }

  TEST_CASE("replace begins a new generation with nothing but its own content") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 31, 2.5F, 100)}, 1);

    const auto done = store.load(Fill::replace, {rate(3, 1, 1, 1)}, 2);

    CHECK(done.generation == 2);
    CHECK(store.position().generation == 2);
    CHECK(store.rows(1).empty());
    CHECK(store.rows(3) == std::vector{rate(3, 1, 1, 1)});
    CHECK(store.facts().live == std::vector{content(2)});
  }

  TEST_CASE("a load into a table from which nothing can come back forgets what was live before") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)}, 1);
    SUBCASE("emptied at the store's own shell") { store.run_sql("DELETE FROM ratings"); }
    SUBCASE("emptied by a hard purge") { (void)store.purge_hard({{1}}); }
    SUBCASE("emptied by a purge whose records were pruned") {
      (void)store.purge({{1}});
      (void)store.prune(std::chrono::seconds{0});
    }
    REQUIRE(store.facts().empty);

    store.load(Fill::first, {rate(2, 1, 1, 1)}, 2);

    CHECK(store.facts().live == std::vector{content(2)});
    CHECK(store.position().generation == 1);
  }

  TEST_CASE("what purges took stays known while it can come back, whatever is loaded meanwhile") {
    Store store;
    store.load(Fill::first, kSome, 1);
    const auto batch = *store.purge({{1}, {2}, {3}}).batch;
    REQUIRE(store.facts().held);

    store.load(Fill::first, {rate(4, 1, 1, 1)}, 2);

    CHECK(store.facts().live == std::vector{content(1), content(2)});
    CHECK_FALSE(store.facts().foreign_changes);
    (void)store.undo(batch);
    CHECK(store.facts().live == std::vector{content(1), content(2)});
    CHECK(store.admin().status().rows == kSome.size() + 1);
    CHECK(store.position().generation == 1);
  }

  TEST_CASE("what others had changed before a purge is still theirs after a load beside it") {
    Store store;
    store.load(Fill::first, kSome, 1);
    store.run_sql("UPDATE ratings SET rating = 3 WHERE user_id = 3");
    (void)store.purge({{1}, {2}, {3}});

    store.load(Fill::first, {rate(4, 1, 1, 1)}, 2);

    CHECK(store.facts().foreign_changes);
  }

  TEST_CASE("rows of excluded users are held back and counted") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100), rate(2, 31, 2.5F, 100)}, 1);
    const auto purged = store.purge({{1}});
    const auto writer = store.writer();
    (void)writer->begin();
    writer->start(Fill::append, 1);
    const std::vector rows{rate(1, 40, 5, 1), rate(2, 40, 5, 1), rate(1, 41, 5, 2)};

    CHECK(writer->append(rows) == 2);
    LoadedFile file{
        .name = "late.csv", .hash = content(2), .bytes = 60, .read = 3, .loaded = 1, .excluded = 2};
    writer->commit({&file, 1}, [](const char*) {});

    CHECK(store.rows(1).empty());
    CHECK(store.rows(2).size() == 2);
    REQUIRE(store.clean_up().batches().size() == 1);
    CHECK(store.clean_up().batches()[0].batch == purged.batch);
    CHECK(store.clean_up().batches()[0].held == 3);
    CHECK(store.admin().status().quarantined == 3);
  }

  TEST_CASE("over several connections no row is lost, doubled or in another's history") {
    Store store;
    store.load(Fill::first, {rate(5, 1, 1, 1)}, 1);
    (void)store.purge({{5}});
    constexpr std::int64_t kUsers = 40;
    constexpr std::int32_t kRows = 900;
    for (const auto fill : {Fill::first, Fill::append, Fill::replace}) {
      CAPTURE(static_cast<int>(fill));
      const auto writer = store.writer();
      (void)writer->begin();
      writer->start(fill, 3);
      std::uint64_t held = 0;
      for (std::int32_t movie = 0; movie < kRows; ++movie) {
        std::vector<Rating> rows;
        for (std::int64_t user = 0; user < kUsers; ++user) rows.push_back(rate(user, movie, 3, user));
        held += writer->append(rows);
      }
      constexpr std::uint64_t kRead = kUsers * kRows;
      LoadedFile file{.name = "many.csv",
                      .hash = content(static_cast<std::uint8_t>(fill)),
                      .bytes = kRead,
                      .read = kRead,
                      .loaded = kRead - held,
                      .excluded = held};
      writer->commit({&file, 1}, [](const char*) {});

      CHECK(held == kRows);
      const std::size_t copies = fill == Fill::append ? 2 : 1;
      for (std::int64_t user = 0; user < kUsers; ++user) {
        const auto rows = store.rows(user);
        REQUIRE(rows.size() == (user == 5 ? 0 : copies * kRows));
        for (std::size_t i = 0; i < rows.size(); ++i) {
          CHECK(rows[i].movie.value == static_cast<std::int32_t>(i / copies));
          CHECK(rows[i].timestamp == user);
        }
      }
    }
  }

  TEST_CASE("a load whose files do not add up stores nothing") {
    Store store;
    const auto writer = store.writer();
    (void)writer->begin();
    writer->start(Fill::first, 1);
    (void)writer->append(std::vector{rate(1, 40, 5, 1), rate(2, 40, 5, 1)});
    LoadedFile file{.name = "short.csv", .hash = content(2), .bytes = 60, .read = 1, .loaded = 1};

    CHECK(error_of([&] { writer->commit({&file, 1}, [](const char*) {}); }) == Kind::store);
    CHECK(store.rows(1).empty());
    CHECK(store.position().now.position == 0);
  }

  TEST_CASE("a writer that is given up leaves nothing behind and nothing locked") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)}, 1);
    const auto before = store.position().now;
    for (const auto fill : {Fill::append, Fill::replace}) {
      const auto writer = store.writer();
      (void)writer->begin();
      writer->start(fill, 1);
      (void)writer->append(std::vector{rate(1, 40, 5, 1), rate(2, 40, 5, 1)});
    }

    CHECK(store.rows(1) == std::vector{rate(1, 31, 2.5F, 100)});
    CHECK(store.rows(2).empty());
    CHECK(store.position().now == before);
    CHECK(store.facts().live == std::vector{content(1)});
    CHECK_FALSE(store.facts().foreign_changes);
    for (const auto& check : store.admin().status().checks) CHECK_MESSAGE(check.ok, check.name);
  }

  TEST_CASE("readers see the old state until COMMIT, then the new one") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)}, 1);
    const auto writer = store.writer();
    (void)writer->begin();
    writer->start(Fill::append, 1);
    (void)writer->append(std::vector{rate(1, 40, 5, 200)});
    CHECK(store.rows(1).size() == 1);

    LoadedFile file{.name = "b.csv", .hash = content(2), .bytes = 20, .read = 1, .loaded = 1};
    writer->commit({&file, 1}, [](const char*) {});

    CHECK(store.rows(1).size() == 2);
  }

  TEST_CASE("a cancelled load ends with interrupted and stores nothing") {
    Store store;
    const auto writer = store.writer();
    (void)writer->begin();
    writer->start(Fill::first, 1);
    (void)writer->append(std::vector{rate(1, 40, 5, 200)});
    writer->cancel();
    LoadedFile file{.name = "b.csv", .hash = content(2), .bytes = 20, .read = 1, .loaded = 1};

    CHECK(error_of([&] {
            (void)writer->append(std::vector{rate(1, 41, 5, 200)});
            writer->commit({&file, 1}, [](const char*) {});
          }) == Kind::interrupted);

    CHECK(store.rows(1).empty());
  }

  TEST_CASE("a second changing command waits for the first and then does its work") {
    Store store;
    store.load(Fill::first, {rate(1, 31, 2.5F, 100)}, 1);
    auto first = store.writer();
    (void)first->begin();
    first->start(Fill::append, 1);
    (void)first->append(std::vector{rate(2, 1, 1, 1)});
    std::optional<CleanUpResult> purged;
    const auto second = open_clean_up(store.options("purge-user"));
    std::thread waiting{[&] { purged = second->purge({.users = {{2}}, .reason = {}, .max_rows = {}}); }};

    LoadedFile file{.name = "b.csv", .hash = content(2), .bytes = 20, .read = 1, .loaded = 1};
    first->commit({&file, 1}, [](const char*) {});
    waiting.join();

    // Only after the load did user 2 have a row to take.
    REQUIRE(purged.has_value());
    CHECK(purged->rows == 1);
    CHECK(store.rows(2).empty());
  }
}

}  // namespace ratings::test
