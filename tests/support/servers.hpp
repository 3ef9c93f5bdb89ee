#pragma once

#include <string>

namespace ratings::test {

/// The Redis of this test run: redis://127.0.0.1:PORT/0. Throws std::runtime_error when the servers do not
/// run.
[[nodiscard]] std::string redis_url();
/// The Redis Cluster of this test run, for tests labelled `redis_cluster`: redis-cluster://127.0.0.1:PORT,…
[[nodiscard]] std::string redis_cluster_url();
/// The PostgreSQL cluster of this test run, as its owner: postgresql://ratings@127.0.0.1:PORT/postgres.
[[nodiscard]] std::string postgres_url();
/// Runs statements through a connection of its own, as an operator at psql would. Throws std::runtime_error.
/// Returns the first column of the first row, empty when there is none.
std::string run_sql(const std::string& url, const std::string& sql);

/// An empty database of one test's own; dropped, with whoever is still connected to it, at the end.
class TempDatabase {
 public:
  TempDatabase();
  ~TempDatabase();
  TempDatabase(const TempDatabase&) = delete;
  TempDatabase& operator=(const TempDatabase&) = delete;

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  std::string name_;
  std::string url_;
};

}  // namespace ratings::test
