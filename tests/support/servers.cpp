#include "support/servers.hpp"

#include <libpq-fe.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

namespace ratings::test {
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};

std::string read_setting(std::string_view name, const char* path = RATINGS_TEST_SERVERS) {
  std::ifstream file{path};
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == '=') {
      return line.substr(name.size() + 1);
    }
  }
  throw std::runtime_error{std::string{"no "} + std::string{name} + " in " + path +
                           "; run the tests with ctest, or start it first with the script in tests/support"};
}

// Two test programs may run at once, and one program may hold several databases.
std::string fresh_name() {
  static std::atomic<unsigned> counter{0};
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(counter.fetch_add(1));
}

}  // namespace

std::string redis_url() { return read_setting("REDIS_URL"); }

std::string redis_cluster_url() { return read_setting("REDIS_CLUSTER_URL", RATINGS_TEST_REDIS_CLUSTER); }

std::string postgres_url() { return read_setting("POSTGRES_URL"); }

std::string run_sql(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, FinishConnection> connection{PQconnectdb(url.c_str())};
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw std::runtime_error{std::string{"cannot connect: "} + PQerrorMessage(connection.get())};
  }
  // "database does not exist, skipping" is no news for who reads a test's output.
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, ClearResult> result{PQexec(connection.get(), sql.c_str())};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error{"statement failed: " + sql + ": " + PQresultErrorMessage(result.get())};
  }
  const bool has_value = PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0;
  return has_value ? PQgetvalue(result.get(), 0, 0) : std::string{};
}

TempDatabase::TempDatabase() : name_{fresh_name()} {
  const std::string server = postgres_url();
  // A crashed run of the same pid may have left one behind.
  run_sql(server, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  run_sql(server, "CREATE DATABASE " + name_);
  url_ = server.substr(0, server.rfind('/') + 1) + name_;
}

TempDatabase::~TempDatabase() {
  try {
    run_sql(postgres_url(), "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception& error) {
    // A destructor must not throw; the cluster itself is thrown away at the end of the run.
    std::fprintf(stderr, "could not drop %s: %s\n", name_.c_str(), error.what());
  }
}

}  // namespace ratings::test
