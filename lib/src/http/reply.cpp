#include "http/reply.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <sys/socket.h>
#include <sys/uio.h>

namespace ratings::http {
namespace {

/// Answers in one system call: as many as a client that sends them in one go usually sends.
constexpr std::size_t kTogether = 32;

const char* phrase(int status) {  // RFC 9110 §15
  switch (status) {
    case 200:
      return "200 OK";
    case 304:
      return "304 Not Modified";
    case 400:
      return "400 Bad Request";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 408:
      return "408 Request Timeout";
    case 413:
      return "413 Content Too Large";
    case 414:
      return "414 URI Too Long";
    case 431:
      return "431 Request Header Fields Too Large";
    case 503:
      return "503 Service Unavailable";
    case 505:
      return "505 HTTP Version Not Supported";
    default:
      return "500 Internal Server Error";
  }
}

/// Now, for a Date field (RFC 9110 §5.6.7, §6.6.1); written anew once a second.
std::string_view http_date() {
  struct Written {
    std::time_t second = -1;
    std::array<char, 32> text{};
    std::size_t length = 0;
  };
  thread_local Written last;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != last.second) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    last.length = std::strftime(last.text.data(), last.text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    last.second = now;
  }
  return {last.text.data(), last.length};
}

}  // namespace

Reply to_reply(Response response, After after, bool bodiless, std::chrono::seconds idle) {
  constexpr std::size_t kUsual = 384;
  Reply reply{.head = {}, .response = std::move(response), .bodiless = bodiless, .after = after};
  auto& head = reply.head;
  head.reserve(kUsual);
  head.append("HTTP/1.1 ")
      .append(phrase(reply.response.status))
      .append("\r\nDate: ")
      .append(http_date())
      .append("\r\n");
  for (const auto& [name, value] : reply.response.headers)
    head.append(name).append(": ").append(value).append("\r\n");
  if (!reply.response.request_id.empty())
    head.append("X-Request-Id: ").append(reply.response.request_id).append("\r\n");
  if (reply.response.status != 304)  // it would have to be the length of a 200 (RFC 9110 §8.6)
    head.append("Content-Length: ").append(std::to_string(reply.response.body().size())).append("\r\n");
  if (after == After::close) {
    head.append("Connection: close\r\n\r\n");
  } else {  // an HTTP/1.0 client needs to hear it
    head.append("Connection: keep-alive\r\nKeep-Alive: timeout=").append(std::to_string(idle.count()));
    head.append("\r\n\r\n");
  }
  return reply;
}

Outgoing::Sent Outgoing::send_to(int socket) {
  while (!empty()) {
    std::array<iovec, 2 * kTogether> parts;
    std::size_t count = 0;
    auto skip = already_;
    const auto add = [&](std::string_view bytes) {
      const auto left = bytes.substr(std::min(skip, bytes.size()));
      skip -= bytes.size() - left.size();
      if (!left.empty())
        parts[count++] = {const_cast<char*>(left.data()), left.size()};  // sendmsg only reads
    };
    const auto end = std::min(replies_.size(), first_ + kTogether);
    for (auto i = first_; i < end; ++i) {
      add(replies_[i].head);
      add(replies_[i].body());
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const auto sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::some : Sent::broken;
    taken(static_cast<std::size_t>(sent));
  }
  return Sent::all;
}

void Outgoing::taken(std::size_t bytes) {
  bytes_sent_ += bytes;
  already_ += bytes;
  while (first_ < replies_.size()) {
    const auto& reply = replies_[first_];
    const auto whole = reply.head.size() + reply.body().size();
    if (already_ < whole) return;
    already_ -= whole;
    replies_[first_] = Reply{};  // its bytes and its part of the budget, now
    ++first_;
  }
  first_ = 0;
  if (replies_.capacity() > 1) {
    std::vector<Reply>{}.swap(replies_);
  } else {
    replies_.clear();
  }
}

}  // namespace ratings::http
