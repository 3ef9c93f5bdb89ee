#pragma once

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

namespace ratings::test {

struct RawResponse {
  int status = 0;                              ///< 0: the connection was closed before a whole response came
  std::map<std::string, std::string> headers;  ///< names as sent
  std::string body;
};

/// A client that sends exactly the bytes it is given. Gives up after thirty seconds of silence: a sanitizer
/// on a busy machine.
class RawClient {
 public:
  explicit RawClient(int port) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    (void)::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) const {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }

  /// False when the server does not listen any more.
  [[nodiscard]] bool try_send(std::string_view bytes) const {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// The server has said something, or has closed.
  [[nodiscard]] bool heard() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno == ECONNRESET;
  }
  /// So many bytes of whatever comes; 0 at the end.
  [[nodiscard]] std::size_t take(std::size_t bytes) const {
    std::string buffer(bytes, ' ');
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  /// The server drops the connection within so long, whatever was not taken of its answer.
  [[nodiscard]] bool dropped_within(std::chrono::milliseconds patience) const {
    pollfd end{.fd = fd_, .events = 0, .revents = 0};
    return ::poll(&end, 1, static_cast<int>(patience.count())) == 1;
  }
  /// Nothing more will be sent.
  void end() const { REQUIRE(::shutdown(fd_, SHUT_WR) == 0); }

  /// Takes nothing for `pause`, then all that comes until the end; how many bytes that was.
  std::size_t take_all_after(std::chrono::milliseconds pause) {
    std::this_thread::sleep_for(pause);
    while (more()) {
    }
    return received_.size();
  }

  /// `head_only`: the answer to a HEAD request.
  RawResponse receive(bool head_only = false) {
    RawResponse response;
    while (received_.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return response;
    }
    const auto end = received_.find("\r\n\r\n");
    read_head(received_.substr(0, end + 2), response);
    received_.erase(0, end + 4);
    const auto length = response.headers.find("Content-Length");
    const auto wanted = head_only || length == response.headers.end() ? 0 : std::stoul(length->second);
    while (received_.size() < wanted) {
      if (!more()) return {};
    }
    response.body = received_.substr(0, wanted);
    received_.erase(0, wanted);
    return response;
  }

  RawResponse get(const std::string& target, const std::string& headers = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n");
    return receive();
  }

  /// True when the server has closed and nothing is left to read.
  bool closed() {
    char byte = 0;
    if (!received_.empty()) return false;
    const auto got = ::recv(fd_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  bool more() {
    char buffer[4096];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  static void read_head(std::string_view head, RawResponse& response) {
    response.status = std::stoi(std::string{head.substr(9, 3)});  // "HTTP/1.1 200 OK"
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      response.headers[std::string{head.substr(at, colon - at)}] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
  }

  int fd_;
  std::string received_;
};

}  // namespace ratings::test
