#include "http/listener.hpp"

#include "ratings/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace ratings::http {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// The kernel cuts it down to net.core.somaxconn (4,096 since Linux 5.4); bursts of clients wait there.
constexpr int kBacklog = 4096;
/// Doubled by the kernel for its own needs (socket(7)): enough for 5 MB/s over a line of 50 ms.
constexpr int kSendBuffer = 256 * 1024;

[[noreturn]] void fail(const std::string& host, int port, const std::string& what) {
  throw Error{Kind::unreachable, "cannot listen on " + host + ":" + std::to_string(port) + ": " + what +
                                     "; choose another --host or --port, or stop the server that has it"};
}

Addresses resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) fail(host, port, ::gai_strerror(error));
  return {found, &::freeaddrinfo};
}

Descriptor listening(const std::string& host, int port) {
  int error = 0;
  const auto addresses = resolve(host, port);
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    Descriptor socket{
        ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol)};
    const int on = 1;
    const int off = 0;
    // A restart may reuse the port while old connections linger. Not SO_REUSEPORT: with it a second server
    // would start on the same port and take half of the requests.
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Connections inherit it. The kernel would let a buffer grow to 4 MB, and so keep gigabytes for slow
    // readers beside the budget for answers.
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
    if (at->ai_family == AF_INET6) {
      (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);  // "::" means IPv4 too
    }
    if (::bind(socket.get(), at->ai_addr, at->ai_addrlen) == 0 && ::listen(socket.get(), kBacklog) == 0) {
      return socket;
    }
    error = errno;
    // A name has several addresses: on the next one a second server would start beside the one that has this.
    if (error == EADDRINUSE) break;
  }
  fail(host, port, std::strerror(error));
}

int port_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  (void)::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  std::array<char, 8> service{};  // five digits
  (void)::getnameinfo(reinterpret_cast<sockaddr*>(&address), length, nullptr, 0, service.data(),
                      service.size(), NI_NUMERICSERV);
  return std::atoi(service.data());
}

}  // namespace

Listener::Listener(const std::string& host, int port)
    : socket_{listening(host, port)}, port_{port_of(socket_)} {}

Listener::Accepted Listener::accept() const {
  for (;;) {
    const int accepted = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) {
      Descriptor socket{accepted};
      // An answer goes out in one piece; waiting for more to send (Nagle) would only delay it by 40 ms.
      const int on = 1;
      (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {Outcome::connection, std::move(socket)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINVAL || errno == EBADF) return {};
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return {.outcome = Outcome::no_resources};
    // Any other error belongs to the one connection that could not be accepted (accept(2)).
  }
}

}  // namespace ratings::http
