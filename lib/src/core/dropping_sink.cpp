#include "core/dropping_sink.hpp"

#include "core/log.hpp"

#include <climits>
#include <fmt/format.h>

#include <cerrno>
#include <poll.h>
#include <string_view>
#include <unistd.h>

namespace ratings {
namespace {

bool has_room(int descriptor) {
  pollfd asked{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

}  // namespace

bool DroppingSink::put(const spdlog::details::log_msg& message) {
  constexpr std::string_view kCut = "…\n";
  if (!has_room(descriptor_)) return false;
  spdlog::memory_buf_t text;
  formatter_->format(message, text);
  std::string_view line{text.data(), text.size()};
  // A pipe with room takes so much without waiting, and in one piece (pipe(7), PIPE_BUF).
  if (line.size() > PIPE_BUF) {
    text.resize(PIPE_BUF - kCut.size());
    text.append(kCut.data(), kCut.data() + kCut.size());
    line = {text.data(), text.size()};
  }
  while (::write(descriptor_, line.data(), line.size()) < 0) {
    if (errno != EINTR) return errno != EAGAIN;  // nobody is left to tell of another error
  }
  return true;
}

void DroppingSink::sink_it_(const spdlog::details::log_msg& message) {
  if (dropped_ > 0) {
    const auto text = log::payload(fmt::format("log lines dropped, nobody read them count={}", dropped_));
    if (put({message.logger_name, spdlog::level::warn, text})) dropped_ = 0;
  }
  if (dropped_ > 0 || !put(message)) ++dropped_;
}

}  // namespace ratings
