#include "store/seats.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <string>

namespace ratings {

Seats::Seats(std::size_t size) : size_{std::max<std::size_t>(size, 1)} {}

Seats::Seat Seats::take(Instant deadline) {
  std::unique_lock lock{mutex_};
  if (taken_ < size_) {
    ++taken_;
  } else {
    wait(lock, deadline);
  }
  return Seat{*this};
}

std::optional<Seats::Seat> Seats::take_spare() {
  const std::lock_guard lock{mutex_};
  if (taken_ + 1 >= size_) return std::nullopt;
  ++taken_;
  return std::optional<Seat>{std::in_place, *this};
}

PoolFigures Seats::figures() const {
  const std::lock_guard lock{mutex_};
  auto figures = so_far_;
  figures.size = size_;
  figures.in_use = taken_;
  figures.waiting = waiting_.size();
  return figures;
}

/// Returns with a seat that leave() handed over; taken_ stays as it is.
void Seats::wait(std::unique_lock<std::mutex>& lock, Instant deadline) {
  const auto all = "all " + std::to_string(size_) + " places for such reads of the store are taken";
  if (waiting_.size() >= size_ * kWaitersASeat) {
    ++so_far_.refused;
    throw Error{Kind::busy, all + ", and " + std::to_string(waiting_.size()) + " requests wait for one"};
  }
  const auto since = boot_clock().now();
  Waiter waiter;
  waiting_.push_back(&waiter);
  ++so_far_.waits;
  const bool come = waiter.turn.wait_for(lock, deadline - since, [&] { return waiter.come; });
  so_far_.waited += boot_clock().now() - since;
  if (come) return;
  std::erase(waiting_, &waiter);
  ++so_far_.timeouts;
  throw Error{Kind::busy, all};
}

/// Hands the seat on to whoever has waited longest.
void Seats::leave() noexcept {
  const std::lock_guard lock{mutex_};
  if (waiting_.empty()) {
    --taken_;
    return;
  }
  waiting_.front()->come = true;
  waiting_.front()->turn.notify_one();
  waiting_.pop_front();
}

}  // namespace ratings
