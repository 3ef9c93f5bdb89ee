#include "postgres/load_facts.hpp"

#include <algorithm>
#include <string>

namespace ratings::postgres {
namespace {

constexpr const char* kAnyHeld =
    "SELECT EXISTS (SELECT 1 FROM ratingsctl.quarantine AS q JOIN ratingsctl.position AS p ON q.generation = "
    "p.generation)";
constexpr const char* kState =
    "SELECT own_pos <> pos, generation, pos, wait_ms::bigint, NOT EXISTS (SELECT 1 FROM public.ratings) "
    "FROM ratingsctl.position";
constexpr const char* kLive =
    "SELECT hash FROM ratingsctl.load_ledger AS l JOIN ratingsctl.position AS p ON l.generation = "
    "p.generation WHERE l.live ORDER BY l.id";
constexpr const char* kExcluded = "SELECT user_id, max(batch) FROM ratingsctl.exclusion GROUP BY user_id";

ContentHash hash_of(const std::string& bytes) {
  ContentHash hash;
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.bytes.size()), hash.bytes.begin());
  return hash;
}

}  // namespace

LoadBasis read_load_basis(Connection& connection) {
  const auto ask = [&connection](const char* sql) {
    return connection.execute("loading", sql, {}, kNoDeadline);
  };
  const auto state = ask(kState);
  LoadBasis basis{.facts = {.empty = state.boolean(0, 4),
                            .live = {},
                            .foreign_changes = state.boolean(0, 0),
                            .generation = state.int8(0, 1),
                            .wait = std::chrono::milliseconds{state.int8(0, 3)}},
                  .position = state.int8(0, 2),
                  .excluded = {}};
  auto& facts = basis.facts;
  facts.held = facts.empty && ask(kAnyHeld).boolean(0, 0);
  const auto live = ask(kLive);
  for (int row = 0; row < live.rows(); ++row) facts.live.push_back(hash_of(live.text(row, 0)));
  const auto excluded = ask(kExcluded);
  for (int row = 0; row < excluded.rows(); ++row)
    basis.excluded.exclude(UserId{excluded.int8(row, 0)}, excluded.int8(row, 1));
  facts.excluded = basis.excluded.users();
  return basis;
}

}  // namespace ratings::postgres
