#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace ratings {

/// One at a time, like a mutex, but a waiter may lose patience, and may leave as soon as somebody else has
/// done what it came for: that is how many requests share one question to the store. Thread-safe.
class Turn {
 public:
  class Held {
   public:
    explicit Held(Turn& turn) noexcept : turn_{&turn} {}
    Held(Held&& other) noexcept : turn_{std::exchange(other.turn_, nullptr)} {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (turn_ != nullptr) turn_->give_back();
    }

   private:
    Turn* turn_;
  };

  /// nullopt when `settled()` became true first, or after `patience`.
  template <class Settled>
  [[nodiscard]] std::optional<Held> take(std::chrono::milliseconds patience, Settled settled) {
    std::unique_lock lock{mutex_};
    const auto over = [&] { return settled() || !taken_; };
    if (!freed_.wait_for(lock, patience, over) || settled()) return std::nullopt;
    taken_ = true;
    return std::optional<Held>{std::in_place, *this};
  }

 private:
  void give_back() noexcept {
    {
      const std::scoped_lock lock{mutex_};
      taken_ = false;
    }
    freed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  bool taken_ = false;
};

}  // namespace ratings
