#include "http/responder.hpp"

#include "core/log.hpp"

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

}  // namespace

std::variant<Reply, Lane> Responder::at_once(const Admitted& request, Instant arrived) {
  if (const auto user = user_of_plain_rates(request.method, request.target)) {
    auto hit = with_.router.hit(*user, request.conditions, arrived);
    if (!hit) return Lane::data;
    return finish(*std::move(hit), request, arrived);
  }
  switch (route_name(request.method, request.target)) {
    case RouteName::rates_of_user:
    case RouteName::rates_of_users:
    case RouteName::profile_of_user:
    case RouteName::ops:
      return Lane::data;
    case RouteName::ready:
    case RouteName::metrics:
      return Lane::control;
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
  return finish(engine_.answer(request, arrived), request, arrived);
}

Reply Responder::decline(const Admitted& request, Refusal refusal, Instant arrived) {
  refusal.route = route_name(request.method, request.target);
  auto response = error_response(refusal);
  response.route = refusal.route;
  return finish(std::move(response), request, arrived);
}

Reply Responder::refuse(const Refused& refused, Instant arrived) {
  auto response = error_response(refused.refusal);
  response.route = refused.refusal.route;
  return finish(to_reply(std::move(response), refused.after, refused.bodiless, with_.idle), {}, {}, arrived);
}

Reply Responder::finish(Response response, const Admitted& request, Instant arrived) {
  const auto after = with_.draining.load(std::memory_order_relaxed) ? After::close : request.after;
  return finish(to_reply(std::move(response), after, request.method == "HEAD", with_.idle), request.method,
                request.target, arrived);
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
  const auto source = reply.response.header("X-Cache");
  log::info("{} {} {} {} {} {}us", printable(method), printable(target), reply.response.status,
            reply.body().size(), source.empty() ? "-" : source,
            std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

}  // namespace ratings::http
