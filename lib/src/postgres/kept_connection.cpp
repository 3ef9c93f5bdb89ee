#include "postgres/kept_connection.hpp"

namespace ratings::postgres {

KeptConnection::KeptConnection(const StoreOptions& options)
    : conninfo_{conninfo(options, Purpose::validate)} {}

Instant KeptConnection::open(Instant patience) {
  if (connection_ && !connection_->broken()) return Instant::zero();
  const auto began = boot_clock().now();
  connection_.reset();
  connect(began + patience);
  return boot_clock().now() - began;
}

Result KeptConnection::ask(const char* name, std::string_view sql, std::span<const Param> params,
                           Instant deadline) {
  try {
    if (!connection_ || connection_->broken()) connect(deadline);
    return connection_->execute_prepared(name, sql, params, deadline);
  } catch (...) {
    // An error may leave the session half usable; the next call starts clean.
    connection_.reset();
    throw;
  }
}

void KeptConnection::connect(Instant deadline) {
  auto connection = std::make_unique<Connection>(conninfo_, deadline);
  connection->stay_out_of_statement_log(deadline);
  connection_ = std::move(connection);
}

}  // namespace ratings::postgres
