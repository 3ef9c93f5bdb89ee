#include "contract/store_contract.hpp"

namespace ratings::test {
TEST_SUITE("store: somebody else's") {
  TEST_CASE("what is loaded after the store's own shell has emptied the table is all ours") {
    Store store;
    store.load(Fill::first, kSome, 1);
    store.run_sql("DELETE FROM ratings");
    CHECK(store.facts().foreign_changes);
    CHECK(store.facts().empty);

    store.load(Fill::first, kSome, 1);

    CHECK_FALSE(store.facts().foreign_changes);
    CHECK_FALSE(store.admin().status().foreign_changes);
    CHECK(store.facts().live.size() == 1);
    store.load(Fill::append, {rate(4, 1, 1, 1)}, 2);
    CHECK_FALSE(store.facts().foreign_changes);
    store.run_sql("DELETE FROM ratings WHERE user_id = 4");
    store.load(Fill::append, {rate(5, 1, 1, 1)}, 3);
    CHECK(store.facts().foreign_changes);  // an append leaves what others did
  }
}

}  // namespace ratings::test
