#include "postgres/change_hints.hpp"

#include "core/log.hpp"
#include "postgres/connection.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/postgres_store.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

/// Shorter pauses are no longer than a connection takes to open, and a hint would gain nothing on them.
constexpr std::chrono::nanoseconds kWorthIt = 50ms;
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLastRetry{30};

struct FreeNotification {
  void operator()(PGnotify* notification) const noexcept { PQfreemem(notification); }
};

/// Something poll() can wait for beside a socket.
class Bell {
 public:
  Bell() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (fd_ < 0) throw Error{Kind::busy, "waiting for hints: no descriptor is left"};
  }
  ~Bell() { ::close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() const noexcept { (void)::eventfd_write(fd_, 1); }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// Listens on a connection of its own: that of the PositionReader is used by whoever holds the validator's
/// turn, and nobody could wait on it without holding the turn from those who have a question.
class PostgresChangeHints final : public ChangeHints {
 public:
  explicit PostgresChangeHints(const StoreOptions& options)
      : conninfo_{conninfo(options, Purpose::validate)} {}

  bool wait(std::chrono::nanoseconds pause, const std::stop_token& stop) noexcept override try {
    if (stop.stop_requested()) return false;
    const auto until = boot_clock().now() + pause;
    const Bell bell;
    const std::stop_callback ring{stop, [&bell] { bell.ring(); }};
    try {
      if (!connection_ && pause >= kWorthIt && boot_clock().now() >= retry_at_) connect(until);
      if (hint_came(bell, until)) return true;
    } catch (const Error& error) {
      log::debug("no hints for now: {}", error.what());
      connection_.reset();
      retry_at_ = boot_clock().now() + retry_;
      retry_ = std::min(2 * retry_, kLastRetry);
    }
    // A store that gives no hints is one to sleep through.
    if (!connection_) (void)hint_came(bell, until);
    return false;
  } catch (const std::exception& error) {
    // Without memory or descriptors there is no pause either, but there is a next round.
    log::error("waiting for hints failed reason={}", log::quoted(error.what()));
    return false;
  }

 private:
  void connect(Instant deadline) {
    connection_ = std::make_unique<Connection>(conninfo_, deadline);
    connection_->execute("listening for changes", kHearHints, {}, deadline);
    retry_ = kFirstRetry;
  }

  /// False at `until`, or when the bell rings.
  bool hint_came(const Bell& bell, Instant until) {
    for (;;) {
      if (drained()) return true;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - boot_clock().now()).count();
      if (left <= 0) return false;
      const int socket = connection_ ? PQsocket(connection_->raw()) : -1;  // poll() ignores -1
      std::array<pollfd, 2> polled{{{socket, POLLIN, 0}, {bell.fd(), POLLIN, 0}}};
      const int found = ::poll(polled.data(), polled.size(), static_cast<int>(left));
      if (found < 0 && errno == EINTR) continue;
      if (found <= 0 || polled[1].revents != 0) return false;
      if (PQconsumeInput(connection_->raw()) == 0)
        throw Error{Kind::unreachable, "listening for changes: the connection was lost"};
    }
  }

  /// Takes all notifications that are here; true if there was one.
  bool drained() {
    bool any = false;
    while (connection_) {
      const std::unique_ptr<PGnotify, FreeNotification> notification{PQnotifies(connection_->raw())};
      if (!notification) break;
      any = true;
    }
    return any;
  }

  const std::string conninfo_;
  std::unique_ptr<Connection> connection_;
  Instant retry_at_{};
  std::chrono::seconds retry_ = kFirstRetry;
};

}  // namespace

std::unique_ptr<ChangeHints> open_change_hints(const StoreOptions& options) {
  return std::make_unique<PostgresChangeHints>(options);
}

}  // namespace ratings::postgres
