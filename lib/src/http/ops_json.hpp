#pragma once

#include "http/metrics_text.hpp"
#include "http/overview_keeper.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ratings::http {

/// The body of GET /ops.json: what the page at /ops shows. Parts that this server does not have are null.
/// Never a user's id, who made a batch or why, a path, or a secret: anybody who reaches the server reads it.
[[nodiscard]] std::string ops_json(const HttpFigures& http, const Figures& figures,
                                   const std::vector<Check>& checks, const OverviewKeeper::Seen& store,
                                   const ProcessFigures& process, std::string_view version);

}  // namespace ratings::http
