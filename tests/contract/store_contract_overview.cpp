#include "contract/store_contract.hpp"

#include "ratings/overview.hpp"

#include <algorithm>

namespace ratings::test {
namespace {

StoreOverview look(const Store& store) {
  return open_overview_reader(store.options())->overview(Store::deadline());
}

/// "purge-1 active 2 1, …": name, state, rows, users; newest first.
std::string to_text(const std::vector<BatchSummary>& batches) {
  std::string text;
  for (const auto& batch : batches) {
    text += (text.empty() ? "" : ", ") + batch.batch + ' ' + batch.state + ' ' + std::to_string(batch.rows) +
            ' ' + std::to_string(batch.users);
  }
  return text;
}

}  // namespace

TEST_SUITE("store contract: overview") {
  TEST_CASE("an overview tells what is there, newest first") {
    Store store;
    const auto reader = open_overview_reader(store.options());
    CHECK(reader->overview(Store::deadline()).last_loads.empty());

    store.load(Fill::first, {rate(1, 1, 1, 1), rate(1, 2, 2, 2), rate(2, 1, 3, 3)}, 1);
    store.load(Fill::append, {rate(3, 1, 1, 1)}, 2);
    const auto first = *store.purge({{1}}).batch;
    const auto second = *store.purge({{2}}).batch;
    (void)store.undo(first);
    const auto seen = reader->overview(Store::deadline());

    const auto status = store.admin().status();
    CHECK(seen.server == status.server);
    CHECK(seen.schema == status.schema);
    CHECK(seen.generation == status.position.generation);
    CHECK(seen.excluded_users == 1);
    CHECK(seen.bytes_on_disk > 0);
    REQUIRE(seen.last_loads.size() == 2);
    CHECK(seen.last_loads[0].rows == 1);
    CHECK(seen.last_loads[1].rows == 3);
    CHECK(seen.last_loads[0].at.size() == 19);
    CHECK(to_text(seen.batches) == second + " active 1 1, " + first + " undone 2 1");
    if (seen.rows_exact) CHECK(seen.rows == 3U);
  }

  TEST_CASE("an exact count follows every change, whoever makes it") {
    Store store;
    const auto reader = open_overview_reader(store.options());
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(2, 1, 1, 1)});
    const auto rows = [&] { return reader->overview(Store::deadline()).rows; };
    if (!reader->overview(Store::deadline()).rows_exact) {
      CHECK(rows().value_or(2) == 2);  // a load leaves statistics behind
      return;
    }
    CHECK(rows() == 2U);
    CHECK(rows() == 2U);
    store.run_sql("INSERT INTO ratings VALUES (9, 9, 1.0, 9)");
    CHECK(rows() == 3U);
    (void)store.purge({{9}});
    CHECK(rows() == 2U);
  }

  TEST_CASE("the states of batches are those that the list of all batches has") {
    Store store;
    store.load(Fill::first, {rate(1, 1, 1, 1), rate(1, 1, 1, 1), rate(2, 1, 1, 1), rate(3, 1, 1, 1)});
    (void)store.dedupe();
    const auto purged = *store.purge({{2}}).batch;
    (void)store.purge({{2}, {3}});
    (void)store.undo(purged);
    (void)store.purge_hard({{1}});
    for (int generation = 0; generation < 2; ++generation) {
      const auto all = store.clean_up().batches();
      const auto seen = look(store).batches;
      REQUIRE(seen.size() == all.size());
      for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(seen[i].batch == all[i].batch);
        CHECK(seen[i].kind == all[i].kind);
        CHECK(seen[i].at == all[i].at);
        CHECK(seen[i].state == all[i].state);
        CHECK(seen[i].rows == all[i].rows);
        CHECK(seen[i].users == all[i].users);
      }
      store.load(Fill::replace, {rate(7, 1, 1, 1)}, 7);
    }
  }

  TEST_CASE("ten of each are enough, and files are named without their folders") {
    Store store;
    for (std::uint8_t n = 0; n < 12; ++n)
      store.load(n == 0 ? Fill::first : Fill::append, {rate(n, 1, 1, 1)}, static_cast<std::uint8_t>(n + 1));
    for (int user = 0; user < 12; ++user) (void)store.purge({{user}});
    store.run_sql(std::string{"UPDATE "} +
                  (is_embedded(store.options().url) ? "ratingsctl_" : "ratingsctl.") +
                  "load_ledger SET name = '/secret/place/file.csv'");
    const auto seen = look(store);
    CHECK(seen.last_loads.size() == 10);
    CHECK(seen.batches.size() == 10);
    for (const auto& load : seen.last_loads) CHECK(load.name == "file.csv");
  }
}

}  // namespace ratings::test
