#include "sqlite/last_loads.hpp"

namespace ratings::sqlite {
namespace {

constexpr const char* kLoads =
    "SELECT at, name, loaded, rejected, generation FROM ratingsctl_load_ledger ORDER BY id DESC LIMIT ?1";

}  // namespace

std::vector<LoadInfo> last_loads(Database& database, std::int64_t most) {
  std::vector<LoadInfo> list;
  auto row = database.prepare(kLoads);
  row.bind(most);
  while (row.step()) {
    list.push_back({.at = row.text(0),
                    .name = row.text(1),
                    .rows = static_cast<std::uint64_t>(row.integer(2)),
                    .rejected = static_cast<std::uint64_t>(row.integer(3)),
                    .generation = row.integer(4)});
  }
  return list;
}

}  // namespace ratings::sqlite
