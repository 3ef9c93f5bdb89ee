#include "postgres/conninfo.hpp"
#include "postgres/kept_connection.hpp"
#include "postgres/postgres_store.hpp"
#include "postgres/sql.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <random>

namespace ratings::postgres {
namespace {

class PostgresReplicaProbe final : public ReplicaProbe {
 public:
  explicit PostgresReplicaProbe(const StoreOptions& options) : connection_{options} {}

  ReplicaState look(Instant deadline) override {
    const auto result = connection_.ask("replica", sql::replica, {}, deadline);
    if (result.rows() != 1)
      throw Error{Kind::store,
                  "looking at the replica " + connection_.target() + ": the position's row is missing"};
    ReplicaState state{.standby = result.boolean(0, 0),
                       .now = {.position = result.int8(0, 1), .salt = result.uuid(0, 2)},
                       .replayed = {}};
    // The two servers' clocks may differ.
    if (!result.null(0, 3))
      state.replayed = std::chrono::milliseconds{std::max<std::int64_t>(result.int8(0, 3), 0)};
    return state;
  }

 private:
  KeptConnection connection_;
};

}  // namespace

std::vector<Replica> open_replicas(const StoreOptions& options) {
  (void)conninfo(options, Purpose::read);  // says what is wrong with the URL
  std::vector<Replica> replicas;
  for (const auto& host : hosts_of(options.url)) {
    const auto same = [&host](const Replica& replica) { return replica.name == host.name; };
    if (std::ranges::any_of(replicas, same))
      throw Error{Kind::usage, "read replicas: " + host.name + " is named twice"};
    auto one = options;
    one.url = of_any_server(host.conninfo);
    replicas.push_back({.name = host.name,
                        .histories = postgres::open_history_reader(one),
                        .probe = std::make_unique<PostgresReplicaProbe>(one)});
  }
  std::shuffle(replicas.begin(), replicas.end(), std::mt19937{std::random_device{}()});
  return replicas;
}

}  // namespace ratings::postgres
