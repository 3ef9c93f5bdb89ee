#pragma once

#include "coherence/position_coherence.hpp"
#include "http/event_loop.hpp"
#include "service/replicated_reader.hpp"
#include "simulator/shared_redis.hpp"
#include "support/fake_history_reader.hpp"
#include "support/fake_position_reader.hpp"
#include "support/fake_replica.hpp"

#include "ratings/history_view.hpp"
#include "ratings/service.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace ratings::simulator {

/// Reads histories from the fake store as rows that say whose they are and which version: one to three of
/// them, so that a torn answer would show.
class HistoryWire final : public HistoryReader {
 public:
  explicit HistoryWire(test::FakeStore& store) : reader{store} {}

  History history(UserId user, Instant deadline) override { return rows(reader.history(user, deadline)); }
  std::vector<History> histories(std::span<const UserId> users, Instant deadline) override {
    auto all = reader.histories(users, deadline);
    for (auto& one : all) one = rows(std::move(one));
    return all;
  }

  test::FakeHistoryReader reader;

 private:
  static History rows(History history) {
    if (history.ratings.empty()) return history;
    auto row = history.ratings.front();
    const auto count = 1 + row.timestamp % 3;
    history.ratings.clear();
    for (std::int64_t i = 0; i < count; ++i) {
      row.movie = MovieId{static_cast<std::int32_t>(history.user.value * 10 + i)};
      history.ratings.push_back(row);
    }
    return history;
  }
};

/// One `serve` process: what cmd/serve.cpp puts together, on the store, Redis and clock of the simulation.
struct Server {
  /// `standby`: null: there are no read replicas.
  Server(int number, test::FakeStore& store, test::FakeStore* standby, SharedRedis& shared, Clock& time,
         Dice& dice, std::size_t memory_bytes, const std::function<void(Server&)>& to_store,
         const std::function<void()>& to_standby, const std::function<void()>& to_redis)
      : group{number},
        clock{time},
        reader{store},
        memory{memory_bytes > 0 ? make_memory_cache(memory_bytes) : nullptr},
        redis{shared, dice, to_redis} {
    positions.before = positions.after = reader.reader.before =
        reader.reader.after = [this, to_store] { to_store(*this); };
    coherence =
        std::make_unique<PositionCoherence>(std::make_unique<test::FakePositionReader>(store, positions),
                                            clock, Background::none, nullptr, static_cast<unsigned>(number));
    if (standby != nullptr) read_from(store, *standby, to_standby);
    auto& histories = replicas ? static_cast<HistoryReader&>(*replicas) : reader;
    service = std::make_unique<RatingService>(histories, *coherence, memory.get(), &redis, clock);
    router = std::make_unique<http::Router>(
        *service, *coherence, &redis, clock, draining, budget, [] { return std::string{}; },
        [] { return std::string{}; });
    answering = std::make_unique<http::Answering>(
        http::Answering{.router = *router, .clock = clock, .requests = requests, .draining = draining});
    loop = std::make_unique<http::EventLoop>(loops, *answering);
    loops.loops.push_back(loop.get());
  }

  void read_from(test::FakeStore& store, test::FakeStore& standby, const std::function<void()>& to_standby) {
    replica = std::make_unique<test::FakeReplica<HistoryWire>>(standby);
    replica->reader.reader.before = replica->reader.reader.after = to_standby;
    std::vector<Replica> one;
    one.push_back(replica->open("standby"));
    replicas = std::make_unique<CheckedReplicas>(
        reader, std::make_unique<test::FakePositionReader>(store, looks), std::move(one), *coherence, clock,
        CheckedReplicas::Background::none);
  }

  /// Its threads come to their end.
  void end() {
    killed = true;
    loop->cut();
    data.close();
  }

  const int group;
  Clock& clock;
  test::FakePositionReader::Wire positions;
  test::FakePositionReader::Wire looks;  ///< of the replicas' histories, in no time
  HistoryWire reader;
  std::unique_ptr<Cache> memory;
  RedisClient redis;
  std::unique_ptr<PositionCoherence> coherence;
  std::unique_ptr<test::FakeReplica<HistoryWire>> replica;
  std::unique_ptr<CheckedReplicas> replicas;  ///< null: there are none
  std::unique_ptr<RatingService> service;
  std::atomic<bool> draining{false};
  http::SendBudget budget;
  http::RequestCounters requests;
  std::unique_ptr<http::Router> router;
  std::unique_ptr<http::Answering> answering;
  http::JobQueue data{64};
  http::JobQueue metrics_page{64};
  http::JobQueue ready{64};
  http::Loops loops{.data = data,
                    .metrics = metrics_page,
                    .ready = ready,
                    .patience = {},
                    .most_clients = 1'000,
                    .loops = {},
                    .changed = [] {}};
  std::unique_ptr<http::EventLoop> loop;

  bool killed = false;
  Instant cut_off{};       ///< until when it cannot reach the store
  Instant last_refusal{};  ///< of the store; an error answer must have had one
};

}  // namespace ratings::simulator
