// The store contract on SQLite.
#include "sqlite/database.hpp"
#include "support/store_fixture.hpp"
#include "support/temp_dir.hpp"

namespace ratings::test {
namespace {

class SqliteStore final : public StoreUnderTest {
 public:
  [[nodiscard]] std::string url() const override { return "sqlite:" + path().string(); }
  void run_sql(const std::string& sql) override {
    std::filesystem::create_directories(path().parent_path());
    sqlite::Database shell{path(), sqlite::Open::create, std::chrono::seconds{20}};
    shell.execute(sql);
  }

 private:
  // One directory down, so that every case also makes a directory.
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "data" / "ratings.db"; }

  TempDir folder_;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store() { return std::make_unique<SqliteStore>(); }

}  // namespace ratings::test
