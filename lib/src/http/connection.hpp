#pragma once

#include "http/event.hpp"
#include "http/framing.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace ratings::http {

/// How long a client may take. The same for all; a client that needs more is not one we wait for.
inline constexpr std::chrono::milliseconds kIdleTimeout{5000};   ///< for the first byte of the next request
inline constexpr std::chrono::milliseconds kHeadTimeout{5000};   ///< from there to the end of the header
inline constexpr std::chrono::milliseconds kWriteTimeout{5000};  ///< without a byte of the answer taken

/// A client is busy, not idle, for this long after an answer: ten times a slow network's round trip within a
/// site.
inline constexpr std::chrono::milliseconds kBusyPause{50};

enum class Received {
  request,
  nothing,    ///< gone, idle for too long, or the server stops: close without a word
  malformed,  ///< bytes that are no HTTP
  too_large,
  too_slow,
};

/// One accepted socket: request headers in, answers out, each with a deadline. Not thread-safe.
/// `stopping`: no further request is waited for. `cut`: every wait ends at once. `wanted`: other connections
/// wait for a worker, and an idle one makes room. All must outlive it.
class Connection {
 public:
  /// Takes the socket for itself.
  Connection(Descriptor socket, const Event& stopping, const Event& cut, Calls& wanted);

  /// Waits for the next request's header. Bytes behind it are kept for the next call.
  [[nodiscard]] Received receive();
  /// What receive() got; valid until the next receive().
  [[nodiscard]] std::string_view head() const noexcept {
    return std::string_view{buffer_}.substr(0, head_length_);
  }

  /// False when the client is gone or takes nothing.
  [[nodiscard]] bool send(std::string_view head, std::string_view body);
  /// Ends our side and reads on for a moment: closing a socket with unread input would reset the connection,
  /// and the client might lose the answer (RFC 9112 §9.6).
  void close_gently();

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Wait { ready, timed_out, event };

  [[nodiscard]] Wait wait_for(short events, const Event& event, Time until) const;
  [[nodiscard]] bool wait_for_request(Time until);
  /// Bytes appended to the buffer; 0 at the end or after an error.
  [[nodiscard]] std::size_t read_some();
  [[nodiscard]] Received receive_rest(Time until);

  Descriptor socket_;
  const Event& stopping_;
  const Event& cut_;
  Calls& wanted_;
  bool served_ = false;  ///< has asked once; from then on it may be idle
  std::string buffer_;
  std::size_t head_length_ = 0;
};

}  // namespace ratings::http
