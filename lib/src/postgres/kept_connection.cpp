#include "postgres/kept_connection.hpp"

namespace ratings::postgres {

KeptConnection::KeptConnection(const StoreOptions& options)
    : conninfo_{conninfo(options, Purpose::validate)} {}

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
  connection_ = std::make_unique<Connection>(conninfo_, deadline);
  connection_->stay_out_of_statement_log(deadline);
}

}  // namespace ratings::postgres
