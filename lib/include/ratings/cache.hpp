#pragma once

#include "ratings/export.hpp"
#include "ratings/figures.hpp"
#include "ratings/model.hpp"
#include "ratings/position.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ratings {

/// A user's whole history as the bytes that GET /rates/{uid} sends, with the tag they were read under.
/// Immutable, except for the gzip copy that is made on first demand; thread-safe; shared between the cache
/// and the answers under way.
class RATINGS_EXPORT CachedHistory {
 public:
  CachedHistory(UserId user, const Tag& tag, std::string body);
  ~CachedHistory();
  CachedHistory(const CachedHistory&) = delete;
  CachedHistory& operator=(const CachedHistory&) = delete;

  [[nodiscard]] UserId user() const noexcept { return user_; }
  [[nodiscard]] const Tag& tag() const noexcept { return tag_; }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// W/"…" of the body's XXH3-128: the same on every server and tier.
  [[nodiscard]] std::string_view etag() const noexcept { return {etag_.data(), etag_.size()}; }
  /// Compressed once; empty when the body is below the floor of 1,000 bytes (less than one packet gains
  /// nothing) or above 16 MiB (the first client would wait for it).
  [[nodiscard]] const std::string& gzip() const;
  /// gzip() has nothing to do any more.
  [[nodiscard]] bool gzip_made() const noexcept;
  /// What one entry costs in memory, the gzip copy and allocator overhead included.
  [[nodiscard]] std::size_t cost() const noexcept;

 private:
  struct Gzip;
  UserId user_;
  Tag tag_;
  std::string body_;
  std::array<char, 36> etag_;
  std::unique_ptr<Gzip> gzip_;  ///< null: outside of the bounds, never compressed
};

using CachedHistoryPtr = std::shared_ptr<const CachedHistory>;

/// Histories by user. Never the truth: a value found here still has to pass the coherence check. Thread-safe.
/// A broken cache is a miss; it counts its faults and never throws.
class RATINGS_EXPORT Cache {
 public:
  virtual ~Cache() = default;
  /// Null when absent, broken or out of time.
  virtual CachedHistoryPtr get(UserId user) noexcept = 0;
  virtual void put(const CachedHistoryPtr& value) noexcept = 0;
  /// False when it could not be done for all of them.
  virtual bool erase(std::span<const UserId> users) noexcept = 0;
  /// False while puts would be in vain (no budget, breaker open).
  [[nodiscard]] virtual bool usable() const noexcept = 0;
  /// Empty: it counts nothing.
  [[nodiscard]] virtual CacheFigures figures() const noexcept { return {}; }
};

/// In this process: at most `bytes` by CachedHistory::cost(); what was not used for longest goes first,
/// nearly. One value may take half of it.
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<Cache> make_memory_cache(std::size_t bytes);

/// Asks `cache` a question that only a reachable server answers: to remove the copy of a user who cannot
/// exist. Of a cluster, of so many of them that every node is asked: all must answer.
[[nodiscard]] RATINGS_EXPORT bool answers(Cache& cache) noexcept;

/// Error{usage} for a URL that make_redis_cache() would refuse; connects to nothing.
RATINGS_EXPORT void check_redis_url(const std::string& url);

struct RedisOptions {
  /// redis://[user[:pass]@]host:port/db, redis-cluster://[user[:pass]@]host:port,host:port or unix:PATH
  std::string url;
  std::string password;  ///< from a password file; wins over the URL's
  std::string store_id;  ///< part of every key
  /// A command that takes longer is a miss: by then the store is quicker. A new connection may take twice it.
  std::chrono::milliseconds budget{50};
};

/// Shared between servers. Each command has a time budget; a connection is dropped after any error; after
/// repeated failures nothing is sent for a while. Does not connect before the first use.
/// Error{usage} for a URL that cannot be understood.
[[nodiscard]] RATINGS_EXPORT std::unique_ptr<Cache> make_redis_cache(const RedisOptions& options);

}  // namespace ratings
