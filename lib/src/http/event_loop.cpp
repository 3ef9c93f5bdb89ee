#include "http/event_loop.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <linux/sockios.h>
#include <string>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

namespace ratings::http {
namespace {

/// Connections taken at one event, before those that are here get their turn.
constexpr int kAcceptAtOnce = 16;
/// How long to leave the queue of connections alone when there is no descriptor for one.
constexpr std::chrono::milliseconds kPauseAccepting{10};
constexpr std::chrono::seconds kBetweenWarnings{1};
/// While stopping, a client counts as idle so soon after an answer: ten times a slow network's round trip
/// within a site. The next request of a busy client must not meet a closing connection.
constexpr std::chrono::milliseconds kIdleWhileDraining{50};

Descriptor make_epoll() {
  Descriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!epoll)
    throw Error{Kind::internal, std::string{"cannot make an epoll instance: "} + std::strerror(errno)};
  return epoll;
}

Refusal too_many_clients() { return {503, "overloaded", "too many connections are open"}; }

}  // namespace

EventLoop::EventLoop(Loops& shared, const Answering& with)
    : shared_{shared},
      with_{with},
      responder_{with},
      epoll_{make_epoll()},
      list_{shared.patience},
      buffers_(kBatch * kReceive),
      listening_{shared.listener != nullptr} {
  received_.reserve(kBatch);
  watch(inbox_.fd(), EPOLLIN | EPOLLET, &inbox_);
  // Exclusive: one connection wakes one loop.
  if (listening_) watch(shared_.listener->fd(), EPOLLIN | EPOLLEXCLUSIVE, nullptr);
}

void EventLoop::drain() noexcept {
  auto serving = Phase::serving;
  phase_.compare_exchange_strong(serving, Phase::draining);
  inbox_.wake();
}

void EventLoop::cut() noexcept {
  phase_ = Phase::cut;
  inbox_.wake();
}

void EventLoop::run() {
  std::array<epoll_event, kBatch> events;
  while (phase_ != Phase::cut && !finished()) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kBatch, patience_ms());
    try {
      turn(std::span{events}.first(static_cast<std::size_t>(std::max(count, 0))));
    } catch (const std::exception& error) {  // no memory; the next turn may have some
      log::error("an event loop goes on after error={}", log::quoted(error.what()));
    }
    list_.bury();
    publish();
  }
  forget_listener();
  while (auto* client = list_.any()) close(*client);
  list_.bury();
  ended_ = true;
  shared_.changed();
}

/// Another loop may still hand over a client until it has stopped listening too.
bool EventLoop::finished() const {
  return phase_ == Phase::draining && clients_ == 0 &&
         std::ranges::all_of(shared_.loops, [](const auto* loop) { return loop->deaf(); });
}

void EventLoop::turn(std::span<const epoll_event> events) {
  bool knocking = false;
  received_.clear();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].data.ptr == &inbox_) {
      mail_ = true;
    } else if (events[i].data.ptr == nullptr) {
      knocking = true;
    } else {
      on_event(*static_cast<Client*>(events[i].data.ptr), events[i].events,
               std::span{buffers_}.subspan(i * kReceive, kReceive));
    }
  }
  now_ = with_.clock.now();  // after the last byte of every request of this batch; freshness is judged by it
  for (const auto& [client, bytes] : received_) {
    if (client->socket) converse(*client, bytes, now_);
  }
  if (std::exchange(mail_, false)) take_inbox();
  if (knocking && listening_ && !paused_) accept_clients();
  if (phase_ == Phase::draining) stop_listening();
  end_overdue();
}

void EventLoop::watch(int fd, std::uint32_t events, void* tag) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = tag;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw Error{Kind::internal, std::string{"cannot watch a descriptor: "} + std::strerror(errno)};
}

void EventLoop::rewatch(Client& client, std::uint32_t events) {
  if (client.interest == events) return;
  client.interest = events;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &client;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.socket.get(),
                    &event);  // cannot fail for what is in it
}

int EventLoop::patience_ms() const {
  auto next = list_.next_deadline();
  if (paused_) next = next ? std::min(*next, listen_again_) : listen_again_;
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - with_.clock.now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void EventLoop::accept_clients() {
  // A server that stops takes whoever has connected by then.
  for (int i = 0; i < kAcceptAtOnce || phase_ != Phase::serving; ++i) {
    auto accepted = shared_.listener->accept();
    if (accepted.outcome == Listener::Outcome::none) return;
    if (accepted.outcome == Listener::Outcome::connection) {
      place(std::move(accepted.socket));
    } else {
      auto& longest = with_longest_idle();
      if (&longest == this && evict()) continue;
      longest.inbox().ask_for_descriptor();
      return pause_accepting();
    }
  }
}

void EventLoop::pause_accepting() {
  if (warned_at_ == Instant{} || now_ - warned_at_ >= kBetweenWarnings) {
    warned_at_ = now_;
    log::warn(
        "connections are left waiting: no descriptor or memory is left for them; "
        "raise the limit on open files (ulimit -n)");
  }
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, shared_.listener->fd(), nullptr);
  paused_ = true;
  listen_again_ = now_ + kPauseAccepting;
}

void EventLoop::stop_listening() {
  if (!listening_) return;
  accept_clients();
  list_.set_idle_patience(kIdleWhileDraining);
  forget_listener();
}

void EventLoop::forget_listener() noexcept {
  if (!listening_) return;
  if (!paused_) (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, shared_.listener->fd(), nullptr);
  paused_ = false;
  listening_ = false;
  for (auto* loop : shared_.loops) loop->inbox().wake();
  shared_.changed();
}

void EventLoop::place(Descriptor socket) {
  std::size_t all = 0;
  auto* emptiest = this;
  for (auto* loop : shared_.loops) {
    all += loop->clients();
    if (loop->clients() < emptiest->clients()) emptiest = loop;
  }
  if (all >= shared_.most_clients) {
    auto& longest = with_longest_idle();
    // Only a loop itself knows whether it has an idle client left.
    if (&longest != this) return longest.adopt(std::move(socket), Inbox::Room::to_be_made);
    if (!evict()) return turn_away(std::move(socket));
    emptiest = this;
  }
  if (emptiest != this) return emptiest->adopt(std::move(socket));
  ++clients_;
  add(std::move(socket));
}

void EventLoop::adopt(Descriptor socket, Inbox::Room room) {
  ++clients_;
  inbox_.put({.socket = std::move(socket), .room = room});
}

void EventLoop::turn_away(Descriptor socket) {
  ++turned_away_;
  Outgoing out;
  out.add(responder_.refuse({.refusal = too_many_clients()}, now_));
  (void)out.send_to(socket.get());
  // What it has sent is read, because a socket closed with unread input resets the connection and takes the
  // answer with it. A client that is still sending can be waited for only where there is room for it.
  ::shutdown(socket.get(), SHUT_WR);
  std::array<char, kReceive> dropped;
  (void)::recv(socket.get(), dropped.data(), dropped.size(), 0);
}

/// As the loops were a moment ago; this one if none has an idle client.
EventLoop& EventLoop::with_longest_idle() {
  publish();
  auto* longest = this;
  for (auto* loop : shared_.loops) {
    if (loop->idle_since() < longest->idle_since()) longest = loop;
  }
  return *longest;
}

/// The client that has been idle for longest has to go. False: none is idle.
bool EventLoop::evict() {
  for (auto left = list_.count(Waiting::idle); left > 0; --left) {
    auto& client = *list_.longest_idle();
    if (silent(client)) {
      ++evicted_;
      close(client);
      return true;
    }
    list_.wait_for(client, Waiting::idle, now_);  // its request is here, only not looked at yet
  }
  return false;
}

void EventLoop::publish() noexcept {
  const auto* client = list_.longest_idle();
  idle_since_ = client == nullptr ? Instant::max().count() : client->since.count();
  idle_ = list_.count(Waiting::idle);
}

void EventLoop::add(Descriptor socket) {
  try {
    auto& client = list_.add(next_id_++, std::move(socket), now_);
    client.interest = EPOLLIN;
    try {
      watch(client.socket.get(), client.interest, &client);
    } catch (const std::exception& error) {
      log::warn("connection dropped error={}", log::quoted(error.what()));
      close(client);
    }
  } catch (const std::bad_alloc&) {
    --clients_;  // it never was in the list, and its socket is closed
  }
}

void EventLoop::close(Client& client) {
  if (!client.socket) return;
  list_.close(client);  // its epoll entry goes with the descriptor
  --clients_;
}

void EventLoop::take_inbox() {
  auto contents = inbox_.take();
  for (auto& [socket, room] : contents.arrived) {
    if (room == Inbox::Room::there || evict()) {
      add(std::move(socket));
    } else {
      --clients_;
      turn_away(std::move(socket));
    }
  }
  for (auto& [id, made] : contents.answered) {
    auto* client = list_.find_waiting_for_worker(id);
    if (client == nullptr) continue;  // it did not wait
    list_.wait_for(*client, Waiting::idle, now_);
    client->answered = true;
    client->after = made.after;
    try {
      client->out.add(std::move(made));
      converse(*client, client->input, now_);
    } catch (const std::bad_alloc&) {
      close(*client);
    }
  }
  if (contents.descriptor_wanted) (void)evict();
}

void EventLoop::end_overdue() {
  if (paused_ && listen_again_ <= now_) {
    listen_again_ = now_ + kPauseAccepting;
    watch(shared_.listener->fd(), EPOLLIN | EPOLLEXCLUSIVE, nullptr);
    paused_ = false;
  }
  while (auto* client = list_.overdue(now_)) {
    const auto waiting = client->waiting;
    if (waiting == Waiting::head && !silent(*client)) {
      catch_up(*client);
    } else if (waiting == Waiting::head) {
      reply(*client, responder_.refuse(too_slow(), now_));
      list_.wait_for(*client, Waiting::idle, now_);
      settle(*client);
    } else if ((waiting == Waiting::idle && !silent(*client)) ||
               (waiting == Waiting::writing && !gives_up(*client))) {
      list_.wait_for(*client, waiting, now_);
    } else {
      if (waiting == Waiting::writing) forget_unsent(*client);
      close(*client);
    }
  }
}

/// Nothing has arrived from it that was not looked at.
bool EventLoop::silent(const Client& client) {
  char byte = 0;
  return ::recv(client.socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/// The kernel would keep what a client has not taken, for minutes and beyond every count of ours (tcp(7),
/// orphans): the connection is reset instead (socket(7), SO_LINGER).
void EventLoop::forget_unsent(const Client& client) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(client.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/// Whether it takes no more of its answers. What it took since the last look counts as taken now.
bool EventLoop::gives_up(Client& client) const {
  if (takes(client)) client.took = now_;
  return list_.stuck(client, now_);
}

/// It has taken something since this was asked last. The kernel says that a socket is writable only when a
/// third of its buffer is free, which a slow client may need minutes for (tcp(7), SIOCOUTQ).
bool EventLoop::takes(Client& client) {
  int unsent = 0;
  if (::ioctl(client.socket.get(), SIOCOUTQ, &unsent) != 0) return false;
  return unsent < std::exchange(client.unsent, unsent);
}

}  // namespace ratings::http
