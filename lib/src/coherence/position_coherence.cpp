#include "coherence/position_coherence.hpp"

#include "core/log.hpp"

#include <algorithm>

namespace ratings {
namespace {

/// However many hints come, a round costs its question no more often than this.
constexpr std::chrono::nanoseconds kBetweenHints = std::chrono::milliseconds{5};

}  // namespace

PositionCoherence::PositionCoherence(std::unique_ptr<PositionReader> positions, Clock& clock,
                                     Background background, std::unique_ptr<ChangeHints> hints, unsigned seed)
    : validator_{std::move(positions), clock, seed}, hints_{std::move(hints)} {
  const auto pause = tick();
  if (background == Background::thread) {
    thread_ = std::jthread{[this, pause](const std::stop_token& stop) { run(stop, pause); }};
  }
}

bool PositionCoherence::usable(UserId user, const Tag& tag, Instant arrived) noexcept try {
  // Freshness first: the timeline that is looked at next is then at least as new as the validation.
  return trusted(arrived) && validator_.current(user, tag);
} catch (const std::exception& error) {
  log::error("deciding about a cached value failed, it is not used reason={}", log::quoted(error.what()));
  return false;
}

bool PositionCoherence::usable_at_once(UserId user, const Tag& tag, Instant arrived) noexcept try {
  return !validator_.blocked() && validator_.fresh_at_once(arrived) && validator_.current_at_once(user, tag);
} catch (const std::exception&) {
  return false;  // usable() meets it again, and says so
}

bool PositionCoherence::trusted(Instant arrived) noexcept try {
  return !validator_.blocked() && validator_.fresh(arrived);
} catch (const std::exception& error) {
  log::error("validating failed, no cached value is used reason={}", log::quoted(error.what()));
  return false;
}

void PositionCoherence::run(const std::stop_token& stop, std::chrono::nanoseconds pause) {
  for (;;) {
    sleep(stop, pause);
    if (stop.stop_requested()) return;
    try {
      pause = tick();
    } catch (const std::exception& error) {
      log::error("a validation round failed reason={}", log::quoted(error.what()));
    }
  }
}

void PositionCoherence::sleep(const std::stop_token& stop, std::chrono::nanoseconds pause) {
  const auto deaf = hints_ ? std::min(pause, kBetweenHints) : pause;
  {
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, deaf, [] { return false; });
  }
  if (deaf < pause && !stop.stop_requested()) (void)hints_->wait(pause - deaf, stop);
}

std::unique_ptr<Coherence> make_coherence(std::unique_ptr<PositionReader> positions, Clock& clock,
                                          std::unique_ptr<ChangeHints> hints) {
  return std::make_unique<PositionCoherence>(std::move(positions), clock, Background::thread,
                                             std::move(hints));
}

}  // namespace ratings
