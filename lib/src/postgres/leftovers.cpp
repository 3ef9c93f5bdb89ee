#include "postgres/leftovers.hpp"

#include "core/log.hpp"
#include "postgres/sql.hpp"

namespace ratings::postgres {

void remove_leftovers(Session& session) {
  const auto found = session.read("looking for leftovers",
                                  [](pqxx::work& work) { return exec_bound(work, sql::leftovers); });
  if (found.empty()) return;
  session.change("removing what an interrupted load left", [](pqxx::work& work) {
    // Once more: whoever held the lock may have been about to swap them in.
    for (const auto& row : exec_bound(work, sql::leftovers)) {
      const auto table = row[0].as<std::string>();
      work.exec("DROP TABLE " + table);
      log::warn("removed what an interrupted load left table={} bytes={}", table, row[1].as<std::string>());
    }
    return true;
  });
}

}  // namespace ratings::postgres
