#include "postgres/errors.hpp"

#include <array>

namespace ratings::postgres {

std::string first_line(std::string_view message) {
  for (const std::string_view prefix : {"ERROR:  ", "FATAL:  ", "PANIC:  "}) {
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  }
  return std::string{message.substr(0, message.find('\n'))};
}

std::string not_connected(std::string_view message) {
  return first_line(message) +
         "; see that PostgreSQL is up and lets this login in, and that --store is its address";
}

Error translate(std::string_view attempted, std::string_view sqlstate, std::string_view message) {
  const auto text = std::string{attempted} + ": " + first_line(message);
  const auto of_class = [sqlstate](std::string_view prefix) { return sqlstate.starts_with(prefix); };
  // 08 connection, 57P admin shutdown and crash, 28 login, 3D no such database, 53300 too many connections.
  if (sqlstate.empty() || of_class("08") || of_class("57P") || of_class("28") || of_class("3D") ||
      sqlstate == "53300") {
    return Error{Kind::unreachable, text};
  }
  if (sqlstate == state::kQueryCanceled) return Error{Kind::busy, text};
  if (sqlstate == state::kLockNotAvailable)
    return Error{Kind::guard, text + "; somebody else holds a lock (pg_stat_activity): try again later"};
  if (sqlstate == state::kUndefinedTable || sqlstate == state::kUndefinedSchema) {
    // As a missing SQLite file: there is nothing to work with yet.
    return Error{Kind::unreachable, text + "; run 'ratingsctl init' to create the schema"};
  }
  if (sqlstate == state::kInsufficientPrivilege) {
    return Error{
        Kind::store,
        text +
            "; changing the store takes the role that owns it, answering takes SELECT on ratings and on "
            "the tables of schema ratingsctl"};
  }
  if (sqlstate == state::kReadOnly) {
    // As a primary that is away: it is the one to ask.
    return Error{Kind::unreachable,
                 text + "; a standby cannot be changed: give --store the primary's address"};
  }
  if (of_class("53"))
    return Error{Kind::store, text + "; nothing was changed: free some space and run it again",
                 Outcome::told};
  return Error{Kind::store, text};
}

}  // namespace ratings::postgres
