#pragma once

#include "http/event.hpp"

#include <optional>
#include <string>

namespace ratings::http {

/// A listening TCP socket. Not thread-safe.
class Listener {
 public:
  /// `port` 0: any free one. Error{unreachable} when the address cannot be had, for example because another
  /// server has it.
  Listener(const std::string& host, int port);

  [[nodiscard]] int port() const noexcept { return port_; }
  /// The next connection; nullopt once `stopping` has happened.
  [[nodiscard]] std::optional<Descriptor> accept(const Event& stopping) const;

 private:
  Descriptor socket_;
  int port_;
};

}  // namespace ratings::http
