#pragma once

#include "core/process.hpp"
#include "http/request_counters.hpp"

#include "ratings/figures.hpp"
#include "ratings/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::http {

/// What a scraper expects to be told (Prometheus' text exposition format 0.0.4).
inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// The HTTP side's own numbers.
struct HttpFigures {
  std::array<RouteFigures, kRouteNames.size()> routes;  ///< by RouteName
  std::uint64_t connections = 0;                        ///< open
  std::uint64_t connections_idle = 0;                   ///< of these, between requests
  std::uint64_t evicted = 0;           ///< idle connections that made room for others, so far
  std::uint64_t requests_waiting = 0;  ///< for a worker
  std::uint64_t shed_busy = 0;         ///< 503 because a worker or the store had no time for it, so far
  std::uint64_t shed_overloaded = 0;   ///< 503 because of too many connections or bytes under way, so far
  std::uint64_t shed_unavailable = 0;  ///< 503 because the store could not be reached, so far
};

/// The page of GET /metrics. The only place that knows the format and the names. Never a user's id, nor
/// anything else that a client chooses: a label's values are those written here, the checks' names and the
/// replicas' addresses.
[[nodiscard]] std::string metrics_text(const HttpFigures& http, const Figures& figures,
                                       const std::vector<Check>& checks, const ProcessFigures& process,
                                       std::string_view version);

}  // namespace ratings::http
