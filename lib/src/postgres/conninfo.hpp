#pragma once

#include "ratings/store.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace ratings::postgres {

/// What a connection is for: decides its time-outs and its application_name.
enum class Purpose {
  read,      ///< a miss of `serve`: 2 s a statement, 1 s for a lock
  validate,  ///< positions: 2 s a statement
  change,    ///< operators' commands, those that only read among them: as long as the work takes, 30 s for a
             ///< lock
};

/// The keyword string for libpq and libpqxx alike: the user's URL or keywords, then the password of the
/// password file, application_name, time-outs and keepalives, each unless the user gave it. Error{usage} when
/// libpq cannot read the URL; the message names no secret. With several hosts, or if
/// options.current, it is one that is no standby (target_session_attrs), unless the user wants another.
[[nodiscard]] std::string conninfo(const StoreOptions& options, Purpose purpose);

/// For a transaction that says nothing while other connections of ours work for it: the server, or
/// conninfo(), may allow it less. A command ends by itself after a day.
inline constexpr const char* kPatient = "SET LOCAL idle_in_transaction_session_timeout = '24h'";

/// One of the hosts that a URL names.
struct Host {
  std::string name;      ///< host:port
  std::string conninfo;  ///< the same keywords, for this host alone
};
/// In the order of `conninfo` (keywords or a URL), at least one. Only one, which is all of it, where libpq
/// itself has to see all hosts (prefer-standby).
[[nodiscard]] std::vector<Host> hosts_of(const std::string& conninfo);

/// The same for each address of its host, in their order, because PQconnectStart would wait for a name server
/// without end; as it is where there is no name to look up, or libpq has to see several. Throws as resolve().
[[nodiscard]] std::vector<std::string> by_address(const std::string& conninfo,
                                                  std::chrono::milliseconds patience);

/// The same at each of these addresses of its host. Of several it is the one that is no standby, as of
/// several hosts.
[[nodiscard]] std::vector<std::string> at_addresses(const std::string& conninfo,
                                                    const std::vector<std::string>& addresses);

/// The same, but a standby will do, however many addresses its name has.
[[nodiscard]] std::string of_any_server(const std::string& conninfo);

/// "host:port/dbname" for messages.
[[nodiscard]] std::string target_of(const std::string& conninfo);

}  // namespace ratings::postgres
