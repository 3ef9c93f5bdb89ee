#pragma once

#include "http/responses.hpp"

#include "ratings/store.hpp"

#include <optional>
#include <span>

namespace ratings::http {

enum class Draining { no, yes };

/// Without it answers cannot be right: store, schema, triggers, or any that forbids the cache.
[[nodiscard]] bool vital(const Check& check);

/// The answer of /ready. 503 "unavailable" while draining, when nothing is known about the store, and when a
/// vital check failed. 200 "degraded" when another check failed or Redis cannot be used, else 200 "ok".
/// `redis_usable`: nullopt when there is none.
[[nodiscard]] Response readiness(std::span<const Check> checks, std::optional<bool> redis_usable,
                                 Draining draining);

}  // namespace ratings::http
