#pragma once

#include "redis/redis_url.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The door to hiredis: connection.cpp alone includes it. It uses only what 0.14 and 1.2 have in common.
struct redisContext;

namespace ratings::redis {

/// Why a command did not work, for people; no secrets. Stays inside this module.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An answer to a command, without hiredis's types. ERROR replies become a Fault, except those by which a
/// node of a cluster sends us to another one: the connection is as good as before.
struct Reply {
  enum class Type { nil, text, integer, list, redirection, other };
  Type type = Type::other;
  std::string text;  ///< of a bulk string, a status or a redirection ("MOVED …", "ASK …")
  long long integer = 0;
  std::vector<Reply> elements;  ///< of a list
};

/// When a command must be over. Steady time, not the injected clock: poll(2) waits in real time.
using Deadline = std::chrono::steady_clock::time_point;

/// One logged-in connection. Not thread-safe. After any Fault it is useless: destroy it, never reconnect,
/// because a late answer to one question must not be taken for the answer to the next (redis/hiredis#306).
class Connection {
 public:
  /// Connects, AUTHs if there is a password or a user, and SELECTs if the database is not 0. Nothing else:
  /// proxies hang up on whatever else comes before the first command (CLIENT, HELLO). Throws Fault.
  Connection(const Address& address, std::chrono::milliseconds connect_timeout,
             std::chrono::milliseconds budget);

  using Command = std::span<const std::string_view>;
  /// Binary safe. Throws Fault when there is no good answer by `deadline`, however slowly it drips in.
  [[nodiscard]] Reply ask(Command command, Deadline deadline);
  /// The answers in the commands' order; all are sent before the first is read, so they must be small or few.
  [[nodiscard]] std::vector<Reply> ask_all(std::span<const Command> commands, Deadline deadline);
  /// False when the server has closed the connection, or has sent what nobody asked for.
  [[nodiscard]] bool quiet() const noexcept;

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept;
  };

  void log_in(const Address& address, Deadline deadline);
  void append(Command command);
  void flush(Deadline deadline);
  [[nodiscard]] Reply receive(Deadline deadline);
  void wait_for(short events, Deadline deadline) const;

  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace ratings::redis
