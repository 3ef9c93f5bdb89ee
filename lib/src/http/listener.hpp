#pragma once

#include "http/descriptor.hpp"

#include <string>

namespace ratings::http {

/// A listening TCP socket, shared by all event loops. Thread-safe.
class Listener {
 public:
  /// `port` 0: any free one. Error{unreachable} when the address cannot be had, for example because another
  /// server has it.
  Listener(const std::string& host, int port);

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  enum class Outcome {
    connection,
    none,          ///< nobody waits
    no_resources,  ///< somebody waits, and the system or the process has no descriptor or memory left
  };
  struct Accepted {
    Outcome outcome = Outcome::none;
    Descriptor socket{-1};  ///< does not block
  };
  /// Does not wait.
  [[nodiscard]] Accepted accept() const;

 private:
  Descriptor socket_;
  int port_;
};

}  // namespace ratings::http
