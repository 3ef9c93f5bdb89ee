// The store contract on PostgreSQL.
#include "support/servers.hpp"
#include "support/store_fixture.hpp"

namespace ratings::test {
namespace {

class PostgresStore final : public StoreUnderTest {
 public:
  [[nodiscard]] std::string url() const override { return database_.url(); }
  void run_sql(const std::string& sql) override { test::run_sql(database_.url(), sql); }

 private:
  TempDatabase database_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store() { return std::make_unique<PostgresStore>(); }

}  // namespace ratings::test
