#include "visibility.hpp"

namespace ratings::cmd {

void wait_until_visible(Clock& clock, Instant committed, std::chrono::milliseconds wait) {
  if (wait <= std::chrono::milliseconds::zero()) return;
  // 0.1 % for clocks that differ in rate, 50 ms for rounding and scheduling.
  clock.sleep_until(committed + wait + wait / 1000 + std::chrono::milliseconds{50});
}

}  // namespace ratings::cmd
