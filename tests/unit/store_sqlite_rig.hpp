#pragma once

#include "sqlite/database.hpp"
#include "sqlite/sqlite_store.hpp"
#include "support/caught.hpp"
#include "support/temp_dir.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace ratings::test {

/// An embedded store of one test's own, not made yet.
struct SqliteFixture {
  TempDir folder;
  std::filesystem::path path = folder.path() / "r.db";
  StoreOptions options{.url = "sqlite:" + path.string(), .password = {}, .command = "load", .connections = 2};

  void load(Fill fill, std::vector<Rating> rows) const {
    const auto writer = sqlite::open_rating_writer(options);
    (void)writer->begin();
    writer->start(fill, 1);
    (void)writer->append(rows);
    const LoadedFile file{.name = "f", .hash = {}, .read = rows.size(), .loaded = rows.size()};
    (void)writer->commit({&file, 1}, [](const char*) {});
  }
  void shell(const std::string& sql) const {
    sqlite::Database database{path, sqlite::Open::existing, std::chrono::seconds{20}};
    database.execute(sql);
  }
  [[nodiscard]] std::string journal() const {
    sqlite::Database database{path, sqlite::Open::existing, std::chrono::seconds{20}};
    auto mode = database.prepare("PRAGMA journal_mode");
    return mode.step() ? mode.text(0) : "";
  }
  [[nodiscard]] static Instant soon() { return boot_clock().now() + std::chrono::seconds{20}; }
};

inline Rating rate(std::int64_t user, float score = 3.5F) {
  return {.user = {user}, .movie = {1}, .score = score, .timestamp = 100};
}

}  // namespace ratings::test
