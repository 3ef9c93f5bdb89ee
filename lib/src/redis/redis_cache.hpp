#pragma once

#include "redis/breaker.hpp"
#include "redis/servers.hpp"

#include "ratings/cache.hpp"
#include "ratings/clock.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ratings::redis {

/// The Cache on a Redis server or on a cluster of them. Thread-safe; a command takes at most its budget, a
/// new connection some more; in a cluster see Cluster::kHops.
class RedisCache final : public Cache {
 public:
  /// `clock` times the breakers' pauses. Throws Error{usage} for a URL that cannot be understood.
  RedisCache(const RedisOptions& options, Clock& clock);

  CachedHistoryPtr get(UserId user) noexcept override;
  void put(const CachedHistoryPtr& value) noexcept override;
  bool erase(std::span<const UserId> users) noexcept override;
  [[nodiscard]] bool usable() const noexcept override { return servers_->usable(); }
  [[nodiscard]] CacheFigures figures() const noexcept override;

  /// Commands that failed: connection, time, ERROR reply, reply of an unexpected type.
  [[nodiscard]] std::uint64_t faults() const noexcept { return counts_.failed; }
  /// Values found that were not ours: damaged, of another format, or another user's.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  [[nodiscard]] std::optional<Reply> ask(std::string_view key, Connection::Command command, Accept accept);
  bool erase_some(std::span<const UserId> users);

  const std::string store_id_;
  Counts counts_;
  const std::unique_ptr<Servers> servers_;
  Breaker puts_;  ///< of one that is full, or only reads, the gets succeed
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace ratings::redis
