#pragma once

#include "postgres/connection.hpp"
#include "postgres/conninfo.hpp"
#include "support/servers.hpp"

#include "ratings/admin.hpp"
#include "ratings/load.hpp"
#include "ratings/store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace ratings::test {

inline StoreOptions options_for(const std::string& url) {
  return {.url = url, .password = {}, .command = "test", .connections = 2};
}

inline Instant soon() { return boot_clock().now() + std::chrono::seconds{5}; }

/// A database with our schema and a psql-like session beside the store's own connections.
struct Database {
  TempDatabase temp;
  StoreOptions options = options_for(temp.url());
  std::unique_ptr<StoreAdmin> admin = open_store_admin(options);
  std::unique_ptr<PositionReader> positions = open_position_reader(options);
  std::unique_ptr<HistoryReader> reader = open_history_reader(options);
  postgres::Connection psql{postgres::conninfo(options, postgres::Purpose::change), soon()};

  Database() { admin->ensure_schema(); }
  void run(const std::string& sql) { psql.execute("testing", sql); }
  ReadPoint now() { return positions->changes_since(std::nullopt, soon()).state.now; }
  std::vector<std::int64_t> moved_since(const ReadPoint& point) {
    const auto changes = positions->changes_since(point, soon());
    CHECK(changes.known_point);
    std::vector<std::int64_t> users;
    for (const auto& [user, own] : changes.moved) users.push_back(user.value);
    std::sort(users.begin(), users.end());
    return users;
  }
};

/// A look from outside of every transaction, until `sql` gives that number.
inline void await(const Database& db, const std::string& sql, std::int64_t wanted) {
  postgres::Connection looker{postgres::conninfo(db.options, postgres::Purpose::change), soon()};
  const auto deadline = boot_clock().now() + std::chrono::seconds{30};
  while (looker.execute("looking", sql).int8(0, 0) != wanted) REQUIRE(boot_clock().now() < deadline);
}

inline void no_watch(const char* /*stage*/) {}

}  // namespace ratings::test
