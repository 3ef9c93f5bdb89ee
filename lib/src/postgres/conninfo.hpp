#pragma once

#include "ratings/store.hpp"

#include <chrono>
#include <string>

namespace ratings::postgres {

/// What a connection is for: decides its time-outs and its application_name.
enum class Purpose {
  read,      ///< a miss of `serve`: 2 s a statement
  validate,  ///< positions: 2 s a statement
  change,    ///< operators' commands: as long as the work takes
};

/// The keyword string for libpq and libpqxx alike: the user's URL or keywords, then the password of the
/// password file, application_name, time-outs and keepalives, each unless the user gave it. Error{usage} when
/// libpq cannot read the URL; the message names no secret.
[[nodiscard]] std::string conninfo(const StoreOptions& options, Purpose purpose);

/// "host:port/dbname" for messages.
[[nodiscard]] std::string target_of(const std::string& conninfo);

}  // namespace ratings::postgres
