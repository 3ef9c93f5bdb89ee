#pragma once

#include "redis/breaker.hpp"
#include "redis/pool.hpp"

#include "ratings/cache.hpp"
#include "ratings/clock.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace ratings::redis {

/// The Cache on a Redis server. Thread-safe; a command takes at most its budget, a new connection some more.
class RedisCache final : public Cache {
 public:
  /// `clock` times the breaker's pause. Throws Error{usage} for a URL that cannot be understood.
  RedisCache(const RedisOptions& options, Clock& clock);

  CachedHistoryPtr get(UserId user) noexcept override;
  void put(const CachedHistoryPtr& value) noexcept override;
  bool erase(std::span<const UserId> users) noexcept override;
  [[nodiscard]] bool usable() const noexcept override { return breaker_.would_allow(); }
  [[nodiscard]] CacheFigures figures() const noexcept override;

  /// Commands that failed: connection, time, ERROR reply, reply of an unexpected type.
  [[nodiscard]] std::uint64_t faults() const noexcept { return faults_; }
  /// Values found that were not ours: damaged, of another format, or another user's.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  enum class Accept { text, text_or_nil, integer };
  /// nullopt while the breaker is open, and after a fault.
  [[nodiscard]] std::optional<Reply> ask(Connection::Command command, Accept accept);
  bool erase_some(std::span<const UserId> users);
  void report_failure(const char* reason) noexcept;

  const std::string store_id_;
  Pool pool_;
  Breaker breaker_;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> skipped_{0};
  std::atomic<std::uint64_t> faults_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace ratings::redis
