#include "http/conversation.hpp"

namespace ratings::http {
namespace {

Refusal refusal_of(Received received) {
  if (received == Received::too_slow) {
    return {408, "request_timeout", "the request's header did not arrive within 5 seconds"};
  }
  if (received == Received::too_large) {
    return {431, "header_too_large", "the request's header is longer than 16384 bytes"};
  }
  return {400, "bad_request", "this is no HTTP/1.1 request"};
}

}  // namespace

void converse(Connection connection, Engine& engine, Clock& clock, const std::atomic<bool>& draining,
              RequestCounters& requests) {
  for (;;) {
    const auto received = connection.receive();
    if (received == Received::nothing) return;
    const auto arrived = clock.now();  // after the last byte of the header; freshness is judged by it
    const auto wanted = draining.load() ? After::close : After::keep;
    const auto reply = received == Received::request ? engine.answer(connection.head(), arrived, wanted)
                                                     : Engine::refuse(refusal_of(received));
    requests.count(reply.response.route, reply.response.status, clock.now() - arrived);
    if (!connection.send(reply.head, reply.body())) return;
    if (reply.after == After::close) return connection.close_gently();
  }
}

}  // namespace ratings::http
