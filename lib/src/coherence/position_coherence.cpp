#include "coherence/position_coherence.hpp"

#include "core/log.hpp"

namespace ratings {

PositionCoherence::PositionCoherence(std::unique_ptr<PositionReader> positions, Clock& clock,
                                     Background background, unsigned seed)
    : validator_{std::move(positions), clock, seed} {
  const auto pause = tick();
  if (background == Background::thread) {
    thread_ = std::jthread{[this, pause](const std::stop_token& stop) { run(stop, pause); }};
  }
}

bool PositionCoherence::usable(UserId user, const Tag& tag, Instant arrived) noexcept try {
  // Freshness first: the timeline that is looked at next is then at least as new as the validation.
  return trusted(arrived) && validator_.current(user, tag);
} catch (const std::exception& error) {
  log::error("deciding about a cached value failed, it is not used reason=\"{}\"", error.what());
  return false;
}

bool PositionCoherence::trusted(Instant arrived) noexcept try {
  return !validator_.blocked() && validator_.fresh(arrived);
} catch (const std::exception& error) {
  log::error("validating failed, no cached value is used reason=\"{}\"", error.what());
  return false;
}

void PositionCoherence::run(const std::stop_token& stop, std::chrono::nanoseconds pause) {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      pause = tick();
    } catch (const std::exception& error) {
      log::error("a validation round failed reason=\"{}\"", error.what());
    }
  }
}

std::unique_ptr<Coherence> make_coherence(std::unique_ptr<PositionReader> positions, Clock& clock) {
  return std::make_unique<PositionCoherence>(std::move(positions), clock, Background::thread);
}

}  // namespace ratings
