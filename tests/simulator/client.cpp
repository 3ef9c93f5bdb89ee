#include "simulator/client.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/uio.h>

namespace ratings::simulator {

using namespace std::chrono_literals;

std::string HttpAnswer::header(std::string_view name) const {
  const auto at = head.find("\r\n" + std::string{name} + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

void Client::connect(const std::shared_ptr<Server>& server) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    throw std::runtime_error{"no socket is left"};
  socket_.emplace(ends[0]);
  server_ = server;
  server->loop->adopt(http::Descriptor{ends[1]});
}

void Client::send(std::string_view bytes) const {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg only reads
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  (void)::sendmsg(socket_->get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::optional<HttpAnswer> Client::get(const std::shared_ptr<Server>& server, const std::string& target,
                                      const std::string& if_none_match) {
  if (server_ != server || !socket_ || dice_.one_in(20)) connect(server);
  auto text = "GET " + target + " HTTP/1.1\r\nHost: simulator\r\n";
  if (!if_none_match.empty()) text += "If-None-Match: " + if_none_match + "\r\n";
  text += "\r\n";
  // A stamp taken before the last byte has arrived is too early; here it is so by up to a few Δ.
  const auto first = static_cast<std::size_t>(dice_.below(std::ssize(text)));
  if (first > 0) {
    send(std::string_view{text}.substr(0, first));
    fibers_.sleep_until(fibers_.now() + dice_.up_to(dice_.one_in(6) ? Instant{60ms} : Instant{300us}));
  }
  const auto asked = fibers_.now();
  send(std::string_view{text}.substr(first));
  auto answer = receive();
  if (answer) answer->asked = asked;
  if (!answer || answer->header("Connection") == "close") socket_.reset();
  return answer;
}

std::optional<HttpAnswer> Client::receive() const {
  constexpr auto kHeadEnd = std::string_view{"\r\n\r\n"};
  std::string bytes;
  for (;;) {
    std::array<char, 4096> buffer;
    const auto got = ::recv(socket_->get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return std::nullopt;
    if (got < 0) {
      if (server_->killed) return std::nullopt;
      pollfd waiting{socket_->get(), POLLIN, 0};
      (void)::poll(&waiting, 1, 10);  // to look now and then whether the server is still there
      continue;
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    const auto end = bytes.find(kHeadEnd);
    if (end == std::string::npos) continue;
    HttpAnswer answer{.status = std::stoi(bytes.substr(9, 3)),
                      .head = bytes.substr(0, end + 2),
                      .body = bytes.substr(end + kHeadEnd.size())};
    const auto length = answer.header("Content-Length");
    if (!length.empty() && answer.body.size() < std::stoul(length)) continue;
    return server_->killed ? std::nullopt : std::optional{answer};
  }
}

}  // namespace ratings::simulator
