#include "redis/breaker.hpp"

namespace ratings::redis {

bool Breaker::allow() noexcept {
  const std::scoped_lock lock{mutex_};
  if (!open_) return true;
  if (trial_ || clock_.now() < retry_at_) return false;
  trial_ = true;
  return true;
}

bool Breaker::would_allow() const noexcept {
  const std::scoped_lock lock{mutex_};
  return !open_ || (!trial_ && clock_.now() >= retry_at_);
}

Breaker::Change Breaker::succeeded() noexcept {
  const std::scoped_lock lock{mutex_};
  failures_ = 0;
  // An attempt from before the opening says nothing about now: only the trial closes.
  if (!open_ || !trial_) return Change::none;
  open_ = trial_ = false;
  return Change::closed;
}

Breaker::Change Breaker::failed() noexcept {
  const std::scoped_lock lock{mutex_};
  if (open_) {
    trial_ = false;
    retry_at_ = clock_.now() + kPause;
    return Change::none;
  }
  if (++failures_ < kFailures) return Change::none;
  open_ = true;
  retry_at_ = clock_.now() + kPause;
  return Change::opened;
}

}  // namespace ratings::redis
