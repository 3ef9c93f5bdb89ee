#pragma once

#include "ratings/clock.hpp"
#include "ratings/error.hpp"
#include "ratings/service.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace ratings {

/// One store read at a time for one user, shared by those who may share it. Thread-safe.
///
/// A result serves only requests that arrived before its read began: a purge may have returned between the
/// read's snapshot and a later request, and that request must not see the rows. Later ones wait for the end
/// of the read under way, offer its result to the coherence check like any cached value, and else read again,
/// together. Nobody waits longer than kRequestDeadline from arrival on.
class SingleFlight {
 public:
  /// The answers of these users, in their order.
  using Read = std::function<std::vector<Answer>(std::span<const UserId>)>;
  /// May a value that somebody else read too early for us be used all the same?
  using Accept = std::function<bool(const CachedHistory&)>;

  explicit SingleFlight(Clock& clock) : clock_{clock} {}

  /// The answers of these users, each of them named once, in their order. Reads all those at once that nobody
  /// reads already, and waits for the others only then: so two that want each other's users cannot wait for
  /// each other. Throws what a read threw, a failed read fails those who share it, and nobody later, nor
  /// those who still have time when its leader's is up; Error{busy} when a read of somebody else takes too
  /// long.
  [[nodiscard]] std::vector<Answer> run(std::span<const UserId> users, Instant arrived, const Read& read,
                                        const Accept& accept);
  /// Answers that came from a read of somebody else, so far.
  [[nodiscard]] std::uint64_t shared() const noexcept { return shared_.load(std::memory_order_relaxed); }

 private:
  struct Flight;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<UserId, std::shared_ptr<Flight>> flights;
  };

  using FlightPtr = std::shared_ptr<Flight>;
  /// A user whose answer is not there yet.
  struct Passenger {
    std::size_t place;  ///< among the users of run()
    FlightPtr flight;
  };

  /// Whoever finds no flight of a user begins one: to `led`; else `followed`.
  void board(std::span<const UserId> users, std::span<const std::size_t> places, Instant arrived,
             std::vector<Passenger>& led, std::vector<Passenger>& followed);
  void lead(std::span<const UserId> users, std::span<const Passenger> led, const Read& read,
            std::vector<Answer>& answers);
  /// Out of the table before anybody is told: whoever wakes and reads again must not meet these flights once
  /// more.
  void leave(std::span<const UserId> users, std::span<const Passenger> led);
  void crash(std::span<const UserId> users, std::span<const Passenger> led, Kind kind, const char* what);
  [[nodiscard]] Shard& shard_of(UserId user) { return shards_[std::hash<UserId>{}(user) % kShards]; }

  static constexpr std::size_t kShards = 16;
  Clock& clock_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> shared_{0};
};

}  // namespace ratings
