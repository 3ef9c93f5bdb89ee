#include "redis/server.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace ratings::redis {
namespace {

constexpr std::array<std::string_view, 1> kAsking{"ASKING"};

bool redirects(const Reply& reply) { return reply.type == Reply::Type::redirection; }

bool fits(const Reply& reply, Accept accept) {
  switch (accept) {
    case Accept::text:
      return reply.type == Reply::Type::text;
    case Accept::text_or_nil:
      return reply.type == Reply::Type::text || reply.type == Reply::Type::nil;
    case Accept::integer:
      return reply.type == Reply::Type::integer;
    case Accept::list:
      return reply.type == Reply::Type::list;
  }
  return false;
}

}  // namespace

Outcome Server::ask(std::span<const Errand> errands, Accept accept) {
  if (!breaker_.allow()) {
    counts_.skipped += errands.size();
    return {};
  }
  try {
    auto replies = exchange(errands, accept);
    if (breaker_.succeeded() == Breaker::Change::closed)
      log::info("redis is back server={}", address().name());
    counts_.answered += static_cast<std::uint64_t>(std::ranges::count_if(replies, std::not_fn(redirects)));
    return {.end = Outcome::End::answered, .replies = std::move(replies)};
  } catch (const std::exception& error) {  // a Fault, or no memory
    report_failure(error.what(), errands.size());
    return {.end = Outcome::End::failed, .replies = {}};
  }
}

std::vector<Reply> Server::exchange(std::span<const Errand> errands, Accept accept) {
  std::vector<Connection::Command> commands;
  commands.reserve(errands.size());
  for (const auto& errand : errands) {
    if (errand.asking) commands.emplace_back(kAsking);
    commands.push_back(errand.command);
  }
  auto replies = pool_.ask(commands);
  auto reply = replies.begin();
  auto kept = replies.begin();
  for (const auto& errand : errands) {
    if (errand.asking) ++reply;  // "OK"
    check(*reply, errand, accept);
    if (kept != reply) *kept = std::move(*reply);
    ++kept;
    ++reply;
  }
  replies.erase(kept, replies.end());
  return replies;
}

void Server::check(const Reply& reply, const Errand& errand, Accept accept) const {
  if (redirects(reply)) {
    if (place_ == Place::in_cluster) return;
    throw Fault{"it answered " + reply.text + ": it is a node of a cluster; use redis-cluster://"};
  }
  if (!fits(reply, accept))
    throw Fault{"it answered " + std::string{errand.command[0]} + " with an odd type"};
}

void Server::report_failure(const char* reason, std::size_t commands) noexcept {
  counts_.failed += commands;
  if (breaker_.failed() != Breaker::Change::opened) return;
  log::warn("redis fails, answering without it server={} reason={}", address().name(), log::quoted(reason));
}

}  // namespace ratings::redis
