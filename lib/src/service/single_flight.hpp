#pragma once

#include "ratings/clock.hpp"
#include "ratings/service.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace ratings {

/// One store read at a time for one user, shared by those who may share it. Thread-safe.
///
/// A result serves only requests that arrived before its read began: a purge may have returned between the
/// read's snapshot and a later request, and that request must not see the rows. Later ones wait for the end
/// of the read under way, offer its result to the coherence check like any cached value, and else read again,
/// together.
class SingleFlight {
 public:
  using Read = std::function<Answer()>;
  /// May a value that somebody else read too early for us be used all the same?
  using Accept = std::function<bool(const CachedHistory&)>;

  explicit SingleFlight(Clock& clock) : clock_{clock} {}

  /// Throws what the read threw; a failed read fails those who share it, and nobody later.
  [[nodiscard]] Answer run(UserId user, Instant arrived, const Read& read, const Accept& accept);
  /// Answers that came from a read of somebody else, so far.
  [[nodiscard]] std::uint64_t shared() const noexcept { return shared_.load(std::memory_order_relaxed); }

 private:
  struct Flight;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<UserId, std::shared_ptr<Flight>> flights;
  };

  [[nodiscard]] static Answer lead(Shard& shard, UserId user, Flight& flight, const Read& read);

  static constexpr std::size_t kShards = 16;
  Clock& clock_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> shared_{0};
};

}  // namespace ratings
