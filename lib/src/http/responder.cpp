#include "http/responder.hpp"

#include "core/log.hpp"
#include "http/request_id.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ratings::http {
namespace {

/// Fit for a log line: a target may hold any byte.
std::string printable(std::string_view text) {
  std::string line{text.empty() ? "-" : text};
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c <= ' ' || c >= '\x7f'; }, '?');
  return line;
}

/// What a browser shows beside its own times (W3C Server Timing); milliseconds.
std::string timing(const Response& response, Instant arrived, std::optional<Instant> begun, Instant now) {
  const auto ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>{time}.count();
  };
  std::string line;
  if (const auto source = response.header("X-Cache"); !source.empty())
    line += fmt::format("cache;desc=\"{}\", ", source);
  if (begun) line += fmt::format("queue;dur={:.3f}, ", ms(*begun - arrived));
  if (response.lookup) line += fmt::format("lookup;dur={:.3f}, ", ms(*response.lookup));
  return line + fmt::format("total;dur={:.3f}", ms(now - arrived));
}

}  // namespace

std::variant<Reply, Lane> Responder::at_once(const Admitted& request, Instant arrived) {
  if (const auto user = user_of_plain_rates(request.method, request.target)) {
    auto hit = with_.router.hit(*user, request.conditions, arrived);
    if (!hit) return Lane::data;
    hit->request_id = id_of(request.id);
    return finish(*std::move(hit), request, arrived);
  }
  switch (route_name(request.method, request.target)) {
    case RouteName::rates_of_user:
    case RouteName::rates_of_users:
    case RouteName::profile_of_user:
    case RouteName::ops:
      return Lane::data;
    case RouteName::metrics:
      return Lane::metrics;
    case RouteName::ready:
      if (with_.router.ready_waits()) return Lane::ready;
      break;
    case RouteName::ping:
    case RouteName::live:
    case RouteName::openapi:
    case RouteName::pages:
    case RouteName::other:
      break;
  }
  return answer(request, arrived);
}

Reply Responder::answer(const Admitted& request, Instant arrived) {
  const auto begun =
      with_.server_timing == ServerTiming::on ? std::optional{with_.clock.now()} : std::nullopt;
  auto id = id_of(request.id);
  auto response = engine_.answer(request, arrived, id);
  if (!id.empty()) response.request_id = std::move(id);
  return finish(std::move(response), request, arrived, begun);
}

Reply Responder::decline(const Admitted& request, Refusal refusal, Instant arrived) {
  refusal.route = route_name(request.method, request.target);
  auto response = refusal.route == RouteName::ready ? with_.router.ready_as_known() : error_response(refusal);
  response.route = refusal.route;
  response.request_id = id_of(request.id);
  return finish(std::move(response), request, arrived);
}

Reply Responder::refuse(const Refused& refused, Instant arrived) {
  auto response = error_response(refused.refusal);
  response.route = refused.refusal.route;
  response.request_id = id_of(refused.id);
  if (with_.server_timing == ServerTiming::on)
    response.headers.emplace_back("Server-Timing",
                                  timing(response, arrived, std::nullopt, with_.clock.now()));
  return finish(to_reply(std::move(response), parting(refused.after), refused.bodiless, with_.idle),
                refused.method, refused.target, arrived);
}

After Responder::parting(After wanted) const noexcept {
  return with_.draining.load(std::memory_order_relaxed) ? After::close : wanted;
}

std::string Responder::id_of(const std::optional<std::string_view>& sent) const {
  if (sent && !sent->empty()) return std::string{*sent};
  return sent || with_.access_log == AccessLog::on ? make_request_id() : std::string{};
}

Reply Responder::finish(Response response, const Admitted& request, Instant arrived,
                        std::optional<Instant> begun) {
  if (with_.server_timing == ServerTiming::on)
    response.headers.emplace_back("Server-Timing", timing(response, arrived, begun, with_.clock.now()));
  return finish(to_reply(std::move(response), parting(request.after), request.method == "HEAD", with_.idle),
                request.method, request.target, arrived);
}

Reply Responder::finish(Reply reply, std::string_view method, std::string_view target, Instant arrived) {
  const auto took = with_.clock.now() - arrived;
  with_.requests.count(reply.response.route, reply.response.status, took);
  write_log(method, target, reply, took);
  return reply;
}

void Responder::write_log(std::string_view method, std::string_view target, const Reply& reply,
                          Instant took) const {
  if (with_.access_log == AccessLog::off) return;
  const auto found = reply.response.header("X-Cache");
  const auto source = found.empty() ? std::string_view{"-"} : found;
  const std::string_view id = reply.response.request_id;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const auto asked_by = printable(method);
  const auto asked_for = printable(target);
  if (log::format() == log::Format::text) {
    log::info("{} {} {} {} {} {}us id={}", asked_by, asked_for, reply.response.status, reply.body().size(),
              source, microseconds, id);
    return;
  }
  log::event(log::Level::info, "request",
             {{"method", std::string_view{asked_by}},
              {"target", std::string_view{asked_for}},
              {"status", std::int64_t{reply.response.status}},
              {"bytes", static_cast<std::int64_t>(reply.body().size())},
              {"cache", source},
              {"microseconds", std::int64_t{microseconds}},
              {"id", id}});
}

}  // namespace ratings::http
