#pragma once

// Answers as values: status, headers, bytes.

#include "http/request.hpp"
#include "http/send_budget.hpp"

#include "ratings/cache.hpp"
#include "ratings/error.hpp"
#include "ratings/service.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ratings::http {

/// The parts of a request's header that an answer depends on. Views into the request.
struct Conditions {
  std::string_view accept_encoding;
  std::string_view if_none_match;
};

/// Content-Length is left to the server. A plain hit shares the cache's bytes; nothing is copied.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  CachedHistoryPtr content;  ///< null: `text` is the body
  SendBudget::Hold hold;     ///< of the content, for as long as the response is under way
  bool compressed = false;   ///< the body is the content's gzip copy
  std::string text;
  RouteName route = RouteName::other;              ///< what it answers, for counting
  std::string request_id;                          ///< for X-Request-Id; empty: none
  std::optional<std::chrono::nanoseconds> lookup;  ///< how long the ratings were looked for

  [[nodiscard]] std::string_view body() const;
  /// Empty when there is no such header.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// {"error":{"code":…,"message":…}}
[[nodiscard]] Response error_response(const Refusal& refusal);

/// What a client may know of a failure: never the exception's text.
[[nodiscard]] Refusal refusal_for(Kind kind);

/// A JSON body that must not be kept: /ping, /live, /ready.
[[nodiscard]] Response transient_response(int status, std::string json);

/// The page of /metrics.
[[nodiscard]] Response metrics_response(std::string page);

/// 200, or 304 when the client has it already; compressed when the client likes that and a copy exists. With
/// `more` header fields, which both have.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Response content_response(CachedHistoryPtr content, const char* content_type, HeaderFields more,
                                        const Conditions& conditions);

/// The same for ratings, with X-Cache.
[[nodiscard]] Response data_response(CachedHistoryPtr content, const char* content_type, Source source,
                                     const Conditions& conditions);

}  // namespace ratings::http
