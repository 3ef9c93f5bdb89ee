#include "postgres/conninfo.hpp"
#include "postgres/migrations.hpp"
#include "postgres/pool.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"
#include "store/distinct.hpp"
#include "store/seats.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <optional>
#include <thread>
#include <unordered_map>

namespace ratings::postgres {
namespace {

/// Columns of sql/postgres/history.sql from `first` on: movie, rating, number, pos, salt.
void take_row(const Result& result, int row, int first, History& history) {
  if (result.null(row, first)) {
    history.tag = Tag{.own = result.int8(row, first + 2),
                      .read = {.position = result.int8(row, first + 3), .salt = result.uuid(row, first + 4)}};
    return;
  }
  // + 0: a -0 that somebody wrote with psql is the score 0.
  history.ratings.push_back(Rating{.user = history.user,
                                   .movie = {result.int4(row, first)},
                                   .score = result.float4(row, first + 1) + 0.0F,
                                   .timestamp = result.int8(row, first + 2)});
}

/// From here on a history is read a second time, row by row: libpq holds a result with some 130 bytes a row,
/// 130 MB for 1,000,000 ratings, beside what we make of it. An ordinary history is cheaper as one result, and
/// how long one is shows only once it has been read.
constexpr int kManyRows = 20'001;

const std::string& beginning() {
  static const auto kText = std::string{sql::history} + "\nLIMIT " + std::to_string(kManyRows);
  return kText;
}

/// One of them keeps two processors busy, a backend's and ours: more at once would all end at their deadlines
/// with nothing to show for it, again and again.
std::size_t long_reads_at_once() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

class PostgresHistoryReader final : public HistoryReader {
 public:
  explicit PostgresHistoryReader(const StoreOptions& options)
      : pool_{conninfo(options, options.patient ? Purpose::change : Purpose::read), options.connections,
              [](Connection& connection, Instant deadline) { require_schema(connection, deadline); }} {}

  History history(UserId user, Instant deadline) override {
    auto history =
        pool_.with(deadline, [&](Connection& connection) { return read(connection, user, deadline); });
    if (history) return *std::move(history);
    const auto seat = long_reads_.take(deadline);  // without a connection: short ones go on
    return pool_.with(deadline,
                      [&](Connection& connection) { return read_long(connection, user, deadline); });
  }

  std::optional<History> spare_history(UserId user, Instant deadline) override {
    auto history =
        pool_.with_spare(deadline, [&](Connection& connection) { return read(connection, user, deadline); });
    if (!history) return std::nullopt;
    if (*history) return *std::move(history);
    const auto seat = long_reads_.take_spare();
    if (!seat) return std::nullopt;
    return pool_.with_spare(deadline,
                            [&](Connection& connection) { return read_long(connection, user, deadline); });
  }

  [[nodiscard]] std::optional<PoolFigures> figures() const override { return pool_.figures(); }

  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
    const auto once = distinct(users);
    const Param params[] = {param(std::span{once})};
    const auto result = pool_.with(deadline, [&](Connection& connection) {
      return connection.execute_prepared("histories", sql::histories, params, deadline);
    });
    if (!once.empty()) require_position(result);
    std::unordered_map<UserId, History> found;
    for (int row = 0; row < result.rows(); ++row) {
      auto& history = found[UserId{result.int8(row, 0)}];
      history.user = UserId{result.int8(row, 0)};
      take_row(result, row, 1, history);
    }
    for (auto& [user, history] : found) std::sort(history.ratings.begin(), history.ratings.end(), older);
    std::vector<History> in_order;
    in_order.reserve(users.size());
    for (const auto user : users) in_order.push_back(found.at(user));
    return in_order;
  }

 private:
  /// nullopt: it is a long one.
  static std::optional<History> read(Connection& connection, UserId user, Instant deadline) {
    const Param params[] = {param(user.value)};
    const auto result = connection.execute_prepared("history", beginning(), params, deadline);
    require_position(result);
    if (result.rows() == kManyRows) return std::nullopt;
    History history{.user = user, .tag = {}, .ratings = {}};
    history.ratings.reserve(static_cast<std::size_t>(result.rows()));
    for (int row = 0; row < result.rows(); ++row) take_row(result, row, 0, history);
    std::sort(history.ratings.begin(), history.ratings.end(), older);
    return history;
  }

  static History read_long(Connection& connection, UserId user, Instant deadline) {
    const Param params[] = {param(user.value)};
    History history{.user = user, .tag = {}, .ratings = {}};
    connection.each_row("long_history", sql::history, params, deadline,
                        [&history](const Result& row) { take_row(row, 0, 0, history); });
    std::sort(history.ratings.begin(), history.ratings.end(), older);
    return history;
  }

  static void require_position(const Result& result) {
    if (result.rows() == 0)
      throw Error{Kind::store, "reading a history: the position row is missing; run 'ratingsctl init'"};
  }

  Pool pool_;
  Seats long_reads_{long_reads_at_once()};
};

}  // namespace

std::unique_ptr<HistoryReader> open_history_reader(const StoreOptions& options) {
  return std::make_unique<PostgresHistoryReader>(options);
}

}  // namespace ratings::postgres
