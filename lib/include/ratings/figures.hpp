#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// What the parts of a server count, for /metrics: plain numbers, read at one moment, part by part. Those
/// that say "so far" only grow while the process lives. Each struct belongs to the object that returns it.

/// The cache in this process.
struct MemoryFigures {
  std::uint64_t bytes = 0;  ///< held now, by CachedHistory::cost()
  std::uint64_t budget = 0;
  std::uint64_t entries = 0;
  std::uint64_t evictions = 0;  ///< entries that had to make room, so far
};

/// A Redis Cluster.
struct RedisClusterFigures {
  struct Node {
    std::string name;  ///< host:port
    bool breaker_open = false;
  };
  std::vector<Node> nodes;         ///< as the map names them; before the first map: the addresses given
  std::uint64_t maps = 0;          ///< times a map was asked for, so far
  std::uint64_t redirections = 0;  ///< MOVED and ASK, so far
};

/// The cache that servers share; of a cluster the sums.
struct RedisFigures {
  std::uint64_t answered = 0;  ///< commands with a good answer, so far
  std::uint64_t failed = 0;    ///< connection, time, ERROR reply, reply of an unexpected type
  std::uint64_t skipped = 0;   ///< not sent, because the breaker was open
  std::uint64_t refused = 0;   ///< values found that were damaged or another user's
  bool breaker_open = false;   ///< nobody is asked
  std::uint64_t connections_in_use = 0;
  std::uint64_t connections_idle = 0;
  std::optional<RedisClusterFigures> cluster;  ///< nullopt: a single server
};

/// A cache is one of the two, or counts nothing.
struct CacheFigures {
  std::optional<MemoryFigures> memory;
  std::optional<RedisFigures> redis;
};

/// A bounded set of connections to the store.
struct PoolFigures {
  std::uint64_t size = 0;
  std::uint64_t in_use = 0;
  std::uint64_t waiting = 0;
  std::uint64_t waits = 0;             ///< requests that had to wait, so far
  std::chrono::nanoseconds waited{0};  ///< how long they did, all together
  std::uint64_t timeouts = 0;          ///< waits that ended at their deadline
  std::uint64_t refused = 0;           ///< not even allowed to wait: too many did
};

/// The checks of the store that a cached answer rests on.
struct CoherenceFigures {
  std::uint64_t validations = 0;                ///< that succeeded, so far
  std::uint64_t failures = 0;                   ///< that did not
  std::optional<std::chrono::nanoseconds> age;  ///< of the last success, from its question on; nullopt: none
  std::int64_t position = 0;                    ///< the store's, as the last success saw it
  std::chrono::milliseconds delta{0};
};

/// Where answers came from.
struct ServiceFigures {
  std::array<std::uint64_t, 4> answers{};  ///< by Source
  std::uint64_t shared_reads = 0;          ///< answers taken from a store read that another request had begun
};

/// What the comparison of cached with stored histories found.
struct SamplerFigures {
  std::uint64_t equal = 0;
  std::uint64_t changed = 0;     ///< the user was changed meanwhile: nothing to compare
  std::uint64_t skipped = 0;     ///< the sampler or the store was busy, or the store failed
  std::uint64_t mismatches = 0;  ///< must stay 0
};

/// One server that misses are read from beside the store's primary.
struct ReplicaFigures {
  std::string name;           ///< host:port
  bool up = false;            ///< it answered when last looked at, and has not failed since
  bool foreign = false;       ///< it answers, and is not used: its history is not the store's
  std::uint64_t reads = 0;    ///< histories answered from it, so far
  std::uint64_t refused = 0;  ///< histories that it had too old, so far; like the next two, the
                              ///< primary was read
  std::uint64_t failed = 0;   ///< it could not be reached, or ended the read for its replay
  std::uint64_t busy = 0;     ///< no connection or no answer in time
  std::int64_t behind = 0;    ///< changes of ratings that the store has and it does not
  std::optional<std::chrono::milliseconds> lag;  ///< 0: it lacks none; else how long ago the COMMIT was that
                                                 ///< it replayed last; nullopt: never looked at
};

/// All but the HTTP side. nullopt: there is no such part.
struct Figures {
  std::optional<MemoryFigures> memory;
  std::optional<RedisFigures> redis;
  std::optional<PoolFigures> pool;
  std::optional<CoherenceFigures> coherence;
  std::optional<ServiceFigures> service;
  std::optional<SamplerFigures> sampler;
  std::vector<ReplicaFigures> replicas = {};
};

/// Collects them; called by whichever thread answers /metrics. Must not throw.
using ReadFigures = std::function<Figures()>;

}  // namespace ratings
