#include "http/router.hpp"

#include "core/log.hpp"
#include "http/cursor_token.hpp"
#include "http/negotiation.hpp"
#include "http/readiness.hpp"
#include "http/request_id.hpp"

#include <algorithm>
#include <iterator>

namespace ratings::http {
namespace {

constexpr const char* kJson = "application/json";

const char* content_type(Format format) {
  switch (format) {
    case Format::json:
      return kJson;
    case Format::csv:
      return "text/csv; charset=utf-8";
    case Format::ndjson:
      return "application/x-ndjson";
  }
  return kJson;
}

std::string written(std::span<const Rating> ratings, Format format) {
  switch (format) {
    case Format::json:
      return to_json(ratings);
    case Format::csv:
      return to_csv(ratings);
    case Format::ndjson:
      return to_ndjson(ratings);
  }
  return {};
}

/// A computed body gets its ETag and its gzip copy where a stored one gets them.
CachedHistoryPtr computed(UserId user, std::string body) {
  return std::make_shared<const CachedHistory>(user, Tag{}, std::move(body));
}

Response timed(Response response, std::chrono::nanoseconds lookup) {
  response.lookup = lookup;
  return response;
}

Refusal too_much_under_way() {
  return {503, "overloaded", "too many large answers are under way; ask again, or for less with limit="};
}

std::string next_link(RatesOfUser page, const Cursor& next) {
  page.filter.after = next;
  return "</rates/" + std::to_string(page.user.value) + "?cursor=" + cursor_token(page) + ">; rel=\"next\"";
}

}  // namespace

Response Router::answer(const Request& request) noexcept {
  auto name = RouteName::other;
  const auto respond = [&] {
    try {
      const auto route = route_of(request.method, request.target);
      name = name_of(route);
      return within_budget(
          std::visit([&](const auto& wanted) { return answer_route(wanted, request); }, route));
    } catch (const Error& error) {
      return failed(error, error.kind(), request.id);
    } catch (const std::exception& error) {
      return failed(error, Kind::internal, request.id);
    }
  };
  auto response = respond();
  response.route = name;
  return response;
}

std::optional<Response> Router::hit(UserId user, const Conditions& conditions, Instant arrived) noexcept {
  try {
    const auto copy = accepts_gzip(conditions.accept_encoding) ? RatingService::GzipCopy::wanted
                                                               : RatingService::GzipCopy::unwanted;
    auto found = service_.hit(user, copy, arrived);
    if (!found) return std::nullopt;
    auto response = within_budget(data_response(std::move(found->history), kJson, found->source, conditions));
    response.route = RouteName::rates_of_user;
    return response;
  } catch (const std::exception&) {
    return std::nullopt;  // answer() meets it again, and says so
  }
}

Response Router::within_budget(Response response) {
  if (!response.content || response.hold) return response;
  // The gzip copy lies beside the body as long as one of them is needed.
  const auto bytes = response.content->body().size() + (response.compressed ? response.body().size() : 0);
  response.hold = budget_.hold(bytes, response.content);
  if (!response.hold) return error_response(too_much_under_way());
  return response;
}

std::optional<SendBudget::Hold> Router::workspace_for(const CachedHistory& history) {
  // Twice the body: 24 bytes for each record of some 63, once as read back and once as selected, and the
  // text.
  constexpr std::size_t kCopies = 2;
  const auto bytes = history.body().size();
  if (bytes < SendBudget::kLarge)
    return SendBudget::Hold{};  // no matter: there is one for each worker at most
  auto hold = budget_.hold(kCopies * bytes);
  return hold ? std::optional{std::move(hold)} : std::nullopt;
}

Response Router::failed(const std::exception& error, Kind kind, std::string_view id) {
  if (kind == Kind::busy) ++shed_busy_;
  if (kind == Kind::unreachable || kind == Kind::guard) ++shed_unreachable_;
  // Once a second: a store that is away fails every request.
  auto response = error_response(refusal_for(kind));
  const auto now = clock_.now().count();
  auto last = last_logged_.load();
  if ((last == 0 || now - last >= Instant{std::chrono::seconds{1}}.count()) &&
      last_logged_.compare_exchange_strong(last, now)) {
    response.request_id = id.empty() ? make_request_id() : std::string{id};
    log::event(log::Level::warn, "request failed",
               {{"id", std::string_view{response.request_id}}, {"error", std::string_view{error.what()}}});
  }
  return response;
}

Response Router::answer_route(const Refusal& refusal, const Request&) { return error_response(refusal); }

Response Router::answer_route(const Ping&, const Request&) {
  return transient_response(200, R"({"message":"pong"})");
}

Response Router::answer_route(const Live&, const Request&) {
  return transient_response(200, R"({"status":"ok"})");
}

Response Router::answer_route(const Ready&, const Request&) {
  if (redis_ != nullptr) redis_usable_ = answers(*redis_);
  return ready_as_known();
}

Response Router::ready_as_known() {
  auto checks = coherence_.checks();
  // Without the store's own the answer is "nothing known yet", whatever the others say.
  if (more_checks_ && !checks.empty()) std::ranges::move(more_checks_(), std::back_inserter(checks));
  return readiness(checks, redis_ == nullptr ? std::nullopt : std::optional{redis_usable_.load()},
                   draining_.load() ? Draining::yes : Draining::no);
}

Response Router::answer_route(const Metrics&, const Request&) { return metrics_response(metrics_()); }

Response Router::answer_route(const Ops&, const Request&) { return transient_response(200, ops_()); }

Response Router::answer_route(const WebFile& file, const Request& request) {
  return web_.answer(file.number, request.conditions);
}

Response Router::answer_route(const RatesOfUser& rates, const Request& request) {
  const auto begun = clock_.now();
  auto [history, source] = service_.history(rates.user, request.arrived);
  const auto lookup = clock_.now() - begun;
  if (rates.format == Format::json && rates.filter.everything()) {
    return timed(data_response(std::move(history), kJson, source, request.conditions), lookup);
  }
  const auto workspace = workspace_for(*history);
  if (!workspace) return error_response(too_much_under_way());
  const auto page = select(from_json(rates.user, history->body()), rates.filter);
  auto response = data_response(computed(rates.user, written(page.ratings, rates.format)),
                                content_type(rates.format), source, request.conditions);
  if (page.next) response.headers.emplace_back("Link", next_link(rates, *page.next));
  return timed(std::move(response), lookup);
}

Response Router::answer_route(const RatesOfUsers& rates, const Request& request) {
  const auto begun = clock_.now();
  const auto answers = service_.histories(rates.users, request.arrived);
  const auto lookup = clock_.now() - begun;
  auto worst = Source::memory;
  std::size_t bytes = 0;
  for (const auto& each : answers) bytes += each.history->body().size();
  auto hold =
      budget_.hold(bytes);  // before they are written side by side: one whale may be asked for 100 times
  if (!hold) return error_response(too_much_under_way());
  std::string body = "{";
  for (const auto& [history, source] : answers) {
    if (body.size() > 1) body += ',';
    body += '"' + std::to_string(history->user().value) + "\":" + history->body();
    worst = std::max(worst, source);  // declared from the best to the worst
  }
  body += '}';
  auto response = data_response(computed(UserId{}, std::move(body)), kJson, worst, request.conditions);
  response.hold = std::move(hold);
  return timed(std::move(response), lookup);
}

Response Router::answer_route(const ProfileOfUser& profile, const Request& request) {
  const auto begun = clock_.now();
  const auto [history, source] = service_.history(profile.user, request.arrived);
  const auto lookup = clock_.now() - begun;
  const auto workspace = workspace_for(*history);
  if (!workspace) return error_response(too_much_under_way());
  auto body = profile_json(profile.user, from_json(profile.user, history->body()));
  // The same words for a user who never rated and for one who was purged: a purge is nobody's business.
  if (!body) return error_response({404, "not_found", "this user has no ratings"});
  return timed(data_response(computed(profile.user, std::move(*body)), kJson, source, request.conditions),
               lookup);
}

}  // namespace ratings::http
