#pragma once

#include "postgres/connection.hpp"
#include "postgres/conninfo.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ratings::postgres {

/// A connection for the same few questions again and again: made for the first one, kept, thrown away after
/// an error and made anew for the next. Stays out of the statement log, in which it would bury what clients
/// have asked. Not thread-safe. Throws what Connection throws.
class KeptConnection {
 public:
  explicit KeptConnection(const StoreOptions& options);

  /// Connects unless it is connected; how long that took. Within `patience`.
  [[nodiscard]] Instant open(Instant patience);
  /// Prepared under `name` on first use. Connects by `deadline`, too.
  [[nodiscard]] Result ask(const char* name, std::string_view sql, std::span<const Param> params,
                           Instant deadline);
  /// "host:port/dbname" for messages.
  [[nodiscard]] std::string target() const { return target_of(conninfo_); }

 private:
  void connect(Instant deadline);

  const std::string conninfo_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace ratings::postgres
