#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace ratings::http {
namespace {

using Clock = std::chrono::steady_clock;

/// As long as it takes a client on the other side of the world to see our end and close its own.
constexpr std::chrono::milliseconds kGentleClose{500};
constexpr std::size_t kGentleBytes = 256 * 1024;

constexpr std::size_t kReadSize = 4096;  // a usual header has 100 to 1,000 bytes

}  // namespace

Connection::Connection(Descriptor socket, const Event& stopping, const Event& cut, Calls& wanted)
    : socket_{std::move(socket)}, stopping_{stopping}, cut_{cut}, wanted_{wanted} {
  // An answer goes out in one piece; waiting for more to send (Nagle) would only delay it by 40 ms.
  const int on = 1;
  (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::Wait Connection::wait_for(short events, const Event& event, Time until) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<pollfd, 2> polled{{{socket_.get(), events, 0}, {event.fd(), POLLIN, 0}}};
    const int found = ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (found < 0 && errno == EINTR) continue;
    // The socket first: a request that is already here is answered even while the server stops.
    if (found > 0 && polled[0].revents != 0) return Wait::ready;
    return found > 0 ? Wait::event : Wait::timed_out;
  }
}

bool Connection::wait_for_request(Time until) {
  if (!served_) return wait_for(POLLIN, stopping_, until) == Wait::ready;
  // The next request of a busy client must not meet a closing connection.
  const auto first = wait_for(POLLIN, stopping_, std::min(until, Clock::now() + kBusyPause));
  if (first != Wait::timed_out) return first == Wait::ready;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<pollfd, 3> polled{
        {{socket_.get(), POLLIN, 0}, {stopping_.fd(), POLLIN, 0}, {wanted_.fd(), POLLIN, 0}}};
    const int found = ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (found < 0 && errno == EINTR) continue;
    // The socket first: a request that is already here is answered even while the server stops.
    if (found > 0 && polled[0].revents != 0) return true;
    if (found <= 0 || polled[1].revents != 0) return false;
    // One idle connection makes room for each that waits, not all of them.
    if (wanted_.take()) return false;
  }
}

std::size_t Connection::read_some() {
  const auto before = buffer_.size();
  buffer_.resize(before + kReadSize);
  ssize_t got = 0;
  do {
    got = ::recv(socket_.get(), buffer_.data() + before, kReadSize, 0);
  } while (got < 0 && errno == EINTR);
  const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  buffer_.resize(before + bytes);
  return bytes;
}

Received Connection::receive() {
  served_ = served_ || head_length_ > 0;
  buffer_.erase(0, head_length_);
  head_length_ = 0;
  for (;;) {
    // RFC 9112 §2.2: empty lines before a request are ignored.
    while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
    if (!buffer_.empty() && buffer_ != "\r") return receive_rest(Clock::now() + kHeadTimeout);
    if (!wait_for_request(Clock::now() + kIdleTimeout)) return Received::nothing;
    if (read_some() == 0) return Received::nothing;
  }
}

Received Connection::receive_rest(Time until) {
  for (;;) {
    const auto found = find_head(buffer_);
    if (found.framing == Framing::malformed) return Received::malformed;
    if (found.framing == Framing::too_large) return Received::too_large;
    if (found.framing == Framing::complete) {
      head_length_ = found.length;
      return Received::request;
    }
    const auto waited = wait_for(POLLIN, cut_, until);
    if (waited == Wait::timed_out) return Received::too_slow;
    if (waited == Wait::event || read_some() == 0) return Received::nothing;
  }
}

bool Connection::send(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},  // sendmsg only reads
                                {const_cast<char*>(body.data()), body.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (sent < 0) {
      if (wait_for(POLLOUT, cut_, Clock::now() + kWriteTimeout) != Wait::ready) return false;
      continue;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    const auto of_head = std::min(bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(bytes - of_head);
  }
  return true;
}

void Connection::close_gently() {
  ::shutdown(socket_.get(), SHUT_WR);
  const auto until = Clock::now() + kGentleClose;
  std::array<char, kReadSize> dropped;
  for (std::size_t total = 0; total < kGentleBytes;) {
    if (wait_for(POLLIN, cut_, until) != Wait::ready) return;
    const ssize_t got = ::recv(socket_.get(), dropped.data(), dropped.size(), 0);
    if (got <= 0) return;
    total += static_cast<std::size_t>(got);
  }
}

}  // namespace ratings::http
