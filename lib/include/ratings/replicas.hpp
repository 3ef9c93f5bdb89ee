#pragma once

#include "ratings/clock.hpp"
#include "ratings/coherence.hpp"
#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ratings {

/// Servers that follow the store (standbys of PostgreSQL) and take reads from it. What one of them answers
/// may be old; so it is a candidate, which is checked like a cached value before anybody sees it.

/// What a replica says of itself.
struct ReplicaState {
  bool standby = false;                               ///< false: a primary; it is read all the same
  ReadPoint now;                                      ///< of the store, as far as this server has it
  std::optional<std::chrono::milliseconds> replayed;  ///< since the COMMIT that it replayed last
};

/// Asks one replica about itself. Not thread-safe: one caller, one connection, kept. Throws
/// Error{unreachable|busy|store}; the next call reconnects.
class RATINGS_EXPORT ReplicaProbe {
 public:
  virtual ~ReplicaProbe() = default;
  virtual ReplicaState look(Instant deadline) = 0;
};

/// One server that misses may be read from.
struct Replica {
  std::string name;  ///< host:port
  std::unique_ptr<HistoryReader> histories;
  std::unique_ptr<ReplicaProbe> probe;
};

/// One for each host of `options.url`, in random order, so that many servers do not begin with the same;
/// each has `options.connections` of its own. Connects to none of them. Error{usage} for sqlite:PATH and for
/// a host that is named twice.
[[nodiscard]] RATINGS_EXPORT std::vector<Replica> open_replicas(const StoreOptions& options);

/// How `state` compares with a store that was at `position`: only the parts of the figures that it tells.
[[nodiscard]] RATINGS_EXPORT ReplicaFigures measured(const std::string& name, const ReplicaState& state,
                                                     std::int64_t position);
/// Whether what a replica has is part of the store's history, which a restore or a promotion may have parted
/// from it: asked at the primary, which is never behind what a replica of its own said before. True when the
/// primary does not answer.
[[nodiscard]] RATINGS_EXPORT bool of_history(const ReplicaState& state, PositionReader& primary,
                                             Instant deadline);
/// For /ready and `status`: one check a replica, named "replica host:port"; none of them blocks a cache.
[[nodiscard]] RATINGS_EXPORT std::vector<Check> replica_checks(std::span<const ReplicaFigures> replicas);

/// Reads from replicas what passes the check, and from the primary all else: also when no check is fresh
/// enough, and when a replica is down, fails, has no time or ends the read in favour of its replay.
/// spare_history() and figures() are the primary's. Thread-safe; throws what the primary's reader throws.
class RATINGS_EXPORT ReplicatedReader : public HistoryReader {
 public:
  [[nodiscard]] virtual std::vector<ReplicaFigures> replicas() const = 0;
};

/// Looks at each replica once a second, in a thread of its own that ends with the object; none is used before
/// it has answered there, nor while it is not of_history() by `positions`. `primary`, `coherence` and `clock`
/// must outlive it.
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<ReplicatedReader> make_replicated_reader(
    HistoryReader& primary, std::unique_ptr<PositionReader> positions, std::vector<Replica> replicas,
    Coherence& coherence, Clock& clock);

}  // namespace ratings
