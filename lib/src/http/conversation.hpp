#pragma once

#include "http/connection.hpp"
#include "http/engine.hpp"
#include "http/request_counters.hpp"

#include "ratings/clock.hpp"

#include <atomic>

namespace ratings::http {

/// Serves one connection to its end: request ▸ answer, as often as the client asks, each counted in
/// `requests`. Once `draining`, every answer is the last. Runs on the caller's thread.
void converse(Connection connection, Engine& engine, Clock& clock, const std::atomic<bool>& draining,
              RequestCounters& requests);

}  // namespace ratings::http
