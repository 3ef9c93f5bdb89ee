// What one client of an event loop says and hears; event_loop.cpp has the rest.
#include "core/log.hpp"
#include "http/event_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace ratings::http {
namespace {

/// Replies in one go, and bytes of them, before they are sent and the client is asked to take them: what one
/// client has asked for must not be much of the budget for all (SendBudget), of whom there are thousands.
constexpr std::size_t kReplies = 32;
constexpr std::size_t kUnsent = SendBudget::kLarge;

bool full(const Outgoing& out) { return out.count() >= kReplies || out.unsent() >= kUnsent; }
/// From a client that goes on sending after its last answer: closing a socket with unread input resets the
/// connection, and who writes all of a body before it reads would never see why it is refused (RFC 9112
/// §9.6). Read and forgotten, at 16 KiB a turn. nginx bounds it by time alone (lingering_time, 30 s); whoever
/// means it ill would send for as long.
constexpr std::size_t kMostDropped = std::size_t{16} * 1024 * 1024;
/// In all, however steadily they come: 5 MB on a line of 10 Mbit/s.
constexpr std::chrono::seconds kLongestDropping{5};

Refusal too_many_waiting() { return {503, "busy", "too many requests wait for the ratings"}; }

}  // namespace

void EventLoop::on_event(Client& client, std::uint32_t events, std::span<char> buffer) {
  if (!client.socket) return;  // closed by an earlier event of this batch
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
  switch (client.waiting) {
    case Waiting::idle:
    case Waiting::head:
      return receive(client, buffer);
    case Waiting::worker:
      if (gone) return close(client);
      return rewatch(client, 0);  // it has sent more, or its end; both can wait until it has its answer
    case Waiting::writing:
      return gone ? close(client) : resume(client);
    case Waiting::closing:
      return drop_input(client, buffer);
  }
}

void EventLoop::receive(Client& client, std::span<char> buffer) {
  const auto got = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (got <= 0) return close(client);
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
  if (client.input.empty()) {
    received_.push_back({&client, bytes});
    return;
  }
  // A line that has not ended is not worth another look, unless something in it is wrong already.
  constexpr std::string_view kTelling{"\r\n\0", 3};
  const bool telling =
      client.input.ends_with('\r') || bytes.find_first_of(kTelling) != std::string_view::npos;
  try {
    client.input.append(bytes);
  } catch (const std::bad_alloc&) {
    return close(client);
  }
  if (telling || client.input.size() > kMaxRequestLine) received_.push_back({&client, client.input});
}

void EventLoop::drop_input(Client& client, std::span<char> buffer) {
  const auto got = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (got > 0) client.dropped += static_cast<std::size_t>(got);
  const auto now = with_.clock.now();
  if (got <= 0 || client.dropped > kMostDropped || now - client.took > kLongestDropping) return close(client);
  list_.wait_for(client, Waiting::closing, now);
}

void EventLoop::converse(Client& client, std::string_view bytes, Instant arrived) try {
  for (;;) {
    const auto all = bytes.size();
    const bool kept = bytes.data() == client.input.data();
    auto step = Step::taken;
    while (step == Step::taken && client.after == After::keep) step = take_request(client, bytes, arrived);
    if (!client.socket) return;
    if (client.after == After::close || bytes.empty()) {
      client.input = std::string{};
    } else if (kept) {
      client.input.erase(0, all - bytes.size());
    } else {
      client.input.assign(bytes);
    }
    settle(client);
    // Whoever took its answers just now, between two looks, will not be reported as writable.
    if (step != Step::full || !client.socket || client.waiting != Waiting::head) return;
    bytes = client.input;
  }
} catch (const std::exception& error) {
  log::error("connection dropped error={}", log::quoted(error.what()));
  close(client);
}

EventLoop::Step EventLoop::take_request(Client& client, std::string_view& bytes, Instant arrived) {
  const auto skipped = std::min<std::uint64_t>(client.to_skip, bytes.size());
  client.to_skip -= skipped;
  bytes.remove_prefix(static_cast<std::size_t>(skipped));
  bytes.remove_prefix(leading_blank(bytes));
  if (bytes.empty()) return Step::waiting;
  const auto gated = admit(bytes);
  const auto head = bytes.substr(0, gated.length);
  const auto use_up = [&](std::uint64_t body) {
    bytes.remove_prefix(head.size());
    client.to_skip = body;
    client.answered = true;
  };
  if (const auto* refused = std::get_if<Refused>(&gated.verdict)) {
    use_up(refused->body);
    reply(client, responder_.refuse(*refused, arrived));
  } else if (const auto* request = std::get_if<Admitted>(&gated.verdict)) {
    auto answer = responder_.at_once(*request, arrived);
    if (const auto* lane = std::get_if<Lane>(&answer)) {
      // What it asked for before must not wait with it.
      if (!client.out.empty() && !flush(client)) return Step::full;
      use_up(request->body);
      if (dispatch(client, *lane, head, arrived)) return Step::waiting;
      reply(client, responder_.decline(*request, too_many_waiting(), arrived));
    } else {
      use_up(request->body);
      reply(client, std::get<Reply>(std::move(answer)));
    }
  } else {
    return Step::waiting;
  }
  return !full(client.out) || flush(client) ? Step::taken : Step::full;
}

JobQueue& EventLoop::queue(Lane lane) const noexcept {
  switch (lane) {
    case Lane::metrics:
      return shared_.metrics;
    case Lane::ready:
      return shared_.ready;
    case Lane::data:
      break;
  }
  return shared_.data;
}

bool EventLoop::dispatch(Client& client, Lane lane, std::string_view head, Instant arrived) {
  if (!queue(lane).offer(
          {.head = std::string{head}, .arrived = arrived, .connection = client.id, .back = &inbox_}))
    return false;
  list_.wait_for(client, Waiting::worker, arrived);
  return true;
}

void EventLoop::reply(Client& client, Reply reply) {
  client.after = reply.after;
  client.out.add(std::move(reply));
}

/// True when all is sent. False: the client has more to take, or is gone (its socket is closed).
bool EventLoop::flush(Client& client) {
  const auto sent = client.out.send_to(client.socket.get());
  if (sent == Outgoing::Sent::broken) close(client);
  return sent == Outgoing::Sent::all;
}

/// Sends what there is, and waits for what comes next.
void EventLoop::settle(Client& client) {
  if (client.waiting == Waiting::worker) return;
  const auto before = client.out.bytes_sent();
  if (!flush(client)) {
    if (!client.socket) return;
    if (client.out.bytes_sent() > before || client.waiting != Waiting::writing) {
      (void)takes(client);  // what is to become less
      client.took = now_;
      list_.wait_for(client, Waiting::writing, now_);
    }
    return rewatch(client, EPOLLOUT);
  }
  rewatch(client, EPOLLIN);
  if (client.after == After::close) {
    ::shutdown(client.socket.get(), SHUT_WR);
    client.took = now_;
    return list_.wait_for(client, Waiting::closing, now_);
  }
  // A request's time runs from its first byte, and idleness from the last answer: blank lines, halves of
  // them, and single bytes renew neither.
  const auto next = client.input.empty() || client.input == "\r" ? Waiting::idle : Waiting::head;
  if (client.waiting != next || client.answered) list_.wait_for(client, next, now_);
  client.answered = false;
}

/// After a long pause of ours (a stopped process, a sleeping machine) the rest of a request may be here in
/// time.
void EventLoop::catch_up(Client& client) {
  received_.clear();
  receive(client, std::span{buffers_}.first(kReceive));
  now_ = with_.clock.now();
  if (!received_.empty()) converse(client, received_.front().bytes, now_);
  received_.clear();
}

/// A client that had to be waited for has taken something.
void EventLoop::resume(Client& client) {
  now_ = with_.clock.now();
  settle(client);
  if (client.socket && client.waiting == Waiting::head) converse(client, client.input, now_);
}

}  // namespace ratings::http
