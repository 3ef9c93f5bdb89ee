#include "ratings/clock.hpp"

#include <cerrno>
#include <ctime>

namespace ratings {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

class BootClock final : public Clock {
 public:
  Instant now() const noexcept override {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return Instant{t.tv_sec * kNanosPerSecond + t.tv_nsec};
  }

  void sleep_until(Instant until) override {
    const timespec t{.tv_sec = until.count() / kNanosPerSecond, .tv_nsec = until.count() % kNanosPerSecond};
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &t, nullptr) == EINTR) {
    }
  }
};

}  // namespace

Clock& boot_clock() noexcept {
  static BootClock clock;
  return clock;
}

}  // namespace ratings
