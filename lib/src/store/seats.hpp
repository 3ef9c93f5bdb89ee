#pragma once

#include "ratings/clock.hpp"
#include "ratings/figures.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace ratings {

/// The right to use one of `size` connections to a store. First come, first served: without an order a thread
/// that gives a seat back takes it again before the one it woke has run, and somebody waits until their
/// deadline. Thread-safe.
class Seats {
 public:
  /// How many may wait for each seat; whoever comes then is refused at once. Sixteen: even when each read
  /// takes 100 ms, as a very large history's does, the last of them is served within the two seconds that a
  /// request waits for the store. Those behind would only find out later, and hold a worker until then.
  static constexpr std::size_t kWaitersASeat = 16;

  explicit Seats(std::size_t size);

  /// Gives it back.
  class Seat {
   public:
    explicit Seat(Seats& seats) noexcept : seats_{&seats} {}
    Seat(Seat&& other) noexcept : seats_{std::exchange(other.seats_, nullptr)} {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (seats_ != nullptr) seats_->leave();
    }

   private:
    Seats* seats_;
  };

  /// Error{busy} at the deadline, or at once when too many wait.
  [[nodiscard]] Seat take(Instant deadline);
  /// nullopt unless another seat stays free: for work that no request waits for.
  [[nodiscard]] std::optional<Seat> take_spare();
  [[nodiscard]] PoolFigures figures() const;

 private:
  struct Waiter {
    std::condition_variable turn;
    bool come = false;
  };

  void wait(std::unique_lock<std::mutex>& lock, Instant deadline);
  void leave() noexcept;

  const std::size_t size_;
  mutable std::mutex mutex_;
  std::deque<Waiter*> waiting_;
  std::size_t taken_ = 0;
  PoolFigures so_far_;  ///< its counters only
};

}  // namespace ratings
