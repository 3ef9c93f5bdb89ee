#include "sqlite/database.hpp"
#include "sqlite/files.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/sqlite_store.hpp"
#include "store/distinct.hpp"
#include "store/url.hpp"
#include "store/user_runs.hpp"

namespace ratings::sqlite {
namespace {

// As they lie in the file: by the index it would be one random read a row.
constexpr const char* kEverybody = R"(SELECT user_id, movie_id, rating, "timestamp" FROM ratings)";
constexpr const char* kOneUser =
    R"(SELECT user_id, movie_id, rating, "timestamp" FROM ratings WHERE user_id = ?1)";
// By the index: the rows of a user lie together unless they came with several loads.
constexpr const char* kUserByUser =
    R"(SELECT user_id, movie_id, rating, "timestamp" FROM ratings WHERE "timestamp" >= ?1 ORDER BY user_id)";

// A reader in WAL mode waits for nobody but a program that recovers the file.
constexpr std::chrono::milliseconds kScanPatience{10'000};

class SqliteRatingScan final : public RatingScan {
 public:
  explicit SqliteRatingScan(const std::filesystem::path& path)
      : database_{present(path), Open::existing, kScanPatience} {
    as_reader(database_, path, std::nullopt);
  }

  std::uint64_t each(std::span<const UserId> users, const std::function<void(const Rating&)>& take) override {
    const Snapshot snapshot{database_};
    std::uint64_t rows = 0;
    const auto read = [&](Statement& statement) {
      for (; statement.step(); ++rows) take(statement.rating({statement.integer(0)}, 1));
    };
    if (users.empty()) {
      auto everybody = database_.prepare(kEverybody);
      read(everybody);
      return rows;
    }
    auto one = database_.prepare(kOneUser);
    for (const auto user : distinct(users)) read(one.bind(user));
    return rows;
  }

  std::uint64_t each_user(std::int64_t since,
                          const std::function<void(std::span<const Rating>)>& take) override {
    const Snapshot snapshot{database_};
    auto statement = database_.prepare(kUserByUser);
    statement.bind(since);
    std::uint64_t rows = 0;
    UserRuns users{take};
    for (; statement.step(); ++rows) users.add(statement.rating({statement.integer(0)}, 1));
    users.finish();
    return rows;
  }

 private:
  Database database_;
};

}  // namespace

std::unique_ptr<RatingScan> open_rating_scan(const StoreOptions& options) {
  return std::make_unique<SqliteRatingScan>(embedded_path(options.url));
}

}  // namespace ratings::sqlite
