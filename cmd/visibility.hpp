#pragma once

#include "ratings/clock.hpp"

#include <chrono>

namespace ratings::cmd {

/// Sleeps until no server can answer from the state before `committed`. Nothing to wait for: returns at once.
void wait_until_visible(Clock& clock, Instant committed, std::chrono::milliseconds wait);

}  // namespace ratings::cmd
