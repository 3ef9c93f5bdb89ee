#include "http/responses.hpp"

#include "http/metrics_text.hpp"
#include "http/negotiation.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <random>

namespace ratings::http {
namespace {

/// Seconds: one to five at random, so that clients who were refused together do not come back together. The
/// store is asked again several times in one second, and is back within seconds or away for longer.
int retry_after() {
  constexpr int kLongest = 5;
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution{1, kLongest}(random);
}

}  // namespace

std::string_view Response::body() const {
  if (!content) return text;
  return compressed ? content->gzip() : content->body();
}

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Response transient_response(int status, std::string json) {
  Response response;
  response.status = status;
  response.headers = {
      {"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"Vary", "Accept-Encoding"}};
  response.text = std::move(json);
  return response;
}

Response metrics_response(std::string page) {
  auto response = transient_response(200, std::move(page));
  response.headers.front().second = kMetricsType;
  return response;
}

Response error_response(const Refusal& refusal) {
  const nlohmann::ordered_json body{{"error", {{"code", refusal.code}, {"message", refusal.message}}}};
  auto response = transient_response(refusal.status, body.dump());
  response.route = refusal.route;
  if (refusal.status == 405) response.headers.emplace_back("Allow", "GET, HEAD");
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", std::to_string(retry_after()));
  return response;
}

Refusal refusal_for(Kind kind) {
  // A guard here is the store's schema, upgraded by a newer server, or its table, put aside: it can be read
  // again once this one is upgraded, too, or the table is back.
  if (kind == Kind::unreachable || kind == Kind::guard)
    return {503, "unavailable", "the ratings cannot be read at the moment"};
  if (kind == Kind::busy) return {503, "busy", "the ratings could not be read in time"};
  return {500, "internal", "something went wrong on this side"};
}

Response content_response(CachedHistoryPtr content, const char* content_type, HeaderFields more,
                          const Conditions& conditions) {
  Response response;
  response.headers = {{"Cache-Control", "private, no-cache"},
                      {"ETag", std::string{content->etag()}},
                      {"Vary", "Accept-Encoding"}};
  std::ranges::move(more, std::back_inserter(response.headers));
  if (matches(conditions.if_none_match, content->etag())) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", content_type);
  if (accepts_gzip(conditions.accept_encoding) && !content->gzip().empty()) {
    response.compressed = true;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  response.content = std::move(content);
  return response;
}

Response data_response(CachedHistoryPtr content, const char* content_type, Source source,
                       const Conditions& conditions) {
  return content_response(std::move(content), content_type, {{"X-Cache", to_string(source)}}, conditions);
}

}  // namespace ratings::http
