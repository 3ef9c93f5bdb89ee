#pragma once

#include "redis/servers.hpp"
#include "redis/slot_map.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace ratings::redis {

/// The nodes of a Redis Cluster (Redis Cluster specification): each key is asked for where it lies. Masters
/// only. A map that is out of date costs a redirection or a miss, never a wrong value: each value carries its
/// user and a checksum. Thread-safe. A command takes at most kHops times what it takes of one server.
class Cluster final : public Servers {
 public:
  /// The asked one, the one MOVED names, and the one that names by ASK; more is a cluster in disorder: a
  /// miss.
  static constexpr int kHops = 3;
  /// A dead node or a move of slots makes every thread wish for a new map; one in 100 ms must do for all.
  static constexpr Instant kBetweenMaps = std::chrono::milliseconds{100};

  /// `seeds`: who to ask first for the map, at least one.
  Cluster(std::vector<Address> seeds, Clock& clock, Counts& counts);

  std::vector<std::optional<Reply>> ask(std::span<const Question> questions, Accept accept) override;
  /// True if any node may be asked.
  [[nodiscard]] bool usable() const noexcept override;
  void describe(RedisFigures& figures) const override;

 private:
  using ServerPtr = std::shared_ptr<Server>;  // a node may leave the map while a thread still asks it
  struct Map {
    std::vector<ServerPtr> nodes;
    std::array<std::uint16_t, kSlots> owner{};
    std::uint16_t covered = 0;
  };
  using MapPtr = std::shared_ptr<const Map>;

  /// A question on its way.
  struct Trip {
    std::size_t question;
    ServerPtr server;  ///< null: nobody holds its slot
    bool asking;
  };
  [[nodiscard]] std::vector<Trip> depart(std::span<const Question> questions);
  [[nodiscard]] std::vector<Trip> travel(std::span<const Trip> together, std::span<const Question> questions,
                                         Accept accept, std::vector<std::optional<Reply>>& answers);
  [[nodiscard]] std::optional<Trip> follow(const Reply& reply, const Trip& trip);

  void renew_map(ServerPtr first);
  [[nodiscard]] bool take_map_from(Server& server);
  void install(const SlotMap& slots);
  [[nodiscard]] std::vector<ServerPtr> who_may_know(ServerPtr first);
  [[nodiscard]] ServerPtr server_at(const Address& address);
  [[nodiscard]] MapPtr map() const;

  Clock& clock_;
  Counts& counts_;
  const std::vector<ServerPtr> seeds_;
  mutable std::mutex mutex_;          ///< guards map_ and strangers_; held for no wait
  MapPtr map_;                        ///< never null
  std::vector<ServerPtr> strangers_;  ///< named by a redirection and not in the map (yet)
  std::mutex renewing_;               ///< held by the one who asks for a map; guards the two below
  std::optional<Instant> renewed_;
  std::size_t turn_ = 0;
  std::atomic<std::uint64_t> maps_{0};
  std::atomic<std::uint64_t> redirections_{0};
};

}  // namespace ratings::redis
