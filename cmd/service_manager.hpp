#pragma once

#include "environment.hpp"

#include <string>

namespace ratings::cmd {

/// Tells systemd (Type=notify) how far the process is: a datagram to the socket that NOTIFY_SOCKET names, as
/// sd_notify(3) describes it. Nothing happens where the variable is not set. Thread-safe; never throws: a
/// manager that does not listen is a warning, and no reason not to serve.
class ServiceManager {
 public:
  explicit ServiceManager(const Environment& environment);

  /// Clients can connect.
  void ready() const;
  /// The last requests are being answered.
  void stopping() const;

 private:
  void tell(const char* state) const;

  std::string socket_;  ///< empty: nobody wants to know
};

}  // namespace ratings::cmd
