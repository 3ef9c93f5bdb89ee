#include "http/client_list.hpp"

#include <algorithm>

namespace ratings::http {
namespace {

/// Looks at a client while its patience for taking an answer lasts: a thousand clients that take nothing cost
/// a thousandth of a core.
constexpr int kLooks = 10;
constexpr std::chrono::milliseconds kShortestLook{1};

constexpr std::array kAll{Waiting::idle, Waiting::head, Waiting::worker, Waiting::writing, Waiting::closing};

}  // namespace

Client& ClientList::add(std::uint64_t id, Descriptor socket, Instant now) {
  auto& idle = list(Waiting::idle);
  auto& client = idle.emplace_back(id, std::move(socket));
  client.self = std::prev(idle.end());
  client.since = now;
  ++size_;
  return client;
}

void ClientList::wait_for(Client& client, Waiting waiting, Instant now) {
  list(waiting).splice(list(waiting).end(), list(client.waiting), client.self);
  client.waiting = waiting;
  client.since = now;
}

void ClientList::close(Client& client) {
  dead_.splice(dead_.end(), list(client.waiting), client.self);
  client.socket = Descriptor{-1};
  client.out = Outgoing{};
  --size_;
}

Client* ClientList::find_waiting_for_worker(std::uint64_t id) {
  auto& clients = list(Waiting::worker);
  const auto found = std::ranges::find_if(clients, [id](const Client& client) { return client.id == id; });
  return found == clients.end() ? nullptr : &*found;
}

Client* ClientList::longest_idle() {
  auto& idle = list(Waiting::idle);
  return idle.empty() ? nullptr : &idle.front();
}

Client* ClientList::overdue(Instant now) {
  for (const auto waiting : kAll) {
    const auto limit = patience(waiting);
    auto& clients = list(waiting);
    if (limit && !clients.empty() && clients.front().since + *limit <= now) return &clients.front();
  }
  return nullptr;
}

std::optional<Instant> ClientList::next_deadline() const {
  std::optional<Instant> next;
  for (const auto waiting : kAll) {
    const auto limit = patience(waiting);
    const auto& clients = list(waiting);
    if (!limit || clients.empty()) continue;
    const auto deadline = clients.front().since + *limit;
    next = next ? std::min(*next, deadline) : deadline;
  }
  return next;
}

std::optional<Instant> ClientList::patience(Waiting waiting) const noexcept {
  switch (waiting) {
    case Waiting::idle:
      return patience_.idle;
    case Waiting::head:
      return patience_.head;
    case Waiting::writing:
      return std::max(patience_.writing / kLooks, kShortestLook);
    case Waiting::closing:
      return patience_.closing;
    case Waiting::worker:
      break;
  }
  return std::nullopt;
}

Client* ClientList::any() {
  for (const auto waiting : kAll) {
    if (!list(waiting).empty()) return &list(waiting).front();
  }
  return nullptr;
}

}  // namespace ratings::http
