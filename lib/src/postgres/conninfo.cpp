#include "postgres/conninfo.hpp"

#include "core/resolver.hpp"

#include "ratings/error.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

namespace ratings::postgres {
namespace {

using Keywords = std::map<std::string, std::string>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// libpq would take what follows an unencoded '/' or '@' of a password for a port or a host, and quote it in
/// its errors.
void refuse_unencoded_password(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return;
  const auto rest = url.substr(
      scheme + 3, url.find('?') == std::string::npos ? std::string::npos : url.find('?') - scheme - 3);
  const auto path = rest.find('/');
  const auto authority = rest.substr(0, path);
  const bool stray = path != std::string::npos && rest.find('@', path) != std::string::npos;
  if (!stray && std::count(authority.begin(), authority.end(), '@') <= 1) return;
  throw Error{Kind::usage,
              "store URL cannot be understood: a '/' or '@' in user or password must be written %2F or %40"};
}

/// "5432", or one for each of several hosts: libpq would say so only when it connects, as if the server were
/// away.
void check_ports(const std::string& ports) {
  for (std::size_t begin = 0; begin <= ports.size();) {
    const auto end = std::min(ports.find(',', begin), ports.size());
    unsigned port = 0;
    const auto [stop, error] = std::from_chars(ports.data() + begin, ports.data() + end, port);
    const bool number = error == std::errc{} && stop == ports.data() + end;
    if (end != begin && (!number || port == 0 || port > 65'535))
      throw Error{Kind::usage, "store URL: port '" + ports.substr(begin, end - begin) +
                                   "' is not a number from 1 to 65535"};
    begin = end + 1;
  }
}

Keywords parse(const std::string& text) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options{PQconninfoParse(text.c_str(), &message)};
  if (!options) {
    PQfreemem(message);  // it may quote the URL, password and all
    throw Error{
        Kind::usage,
        "store URL cannot be understood: expected postgresql://user@host:port/database or libpq keywords"};
  }
  Keywords found;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) found[option->keyword] = option->val;
  }
  return found;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

/// Server-side limits. A reader's statement ends when its request has long given up (2 s); a change may take
/// as long as 26 million rows need, but not for ever. idle_in_transaction: a command that was suspended must
/// not hold locks. jit: our statements move rows and compute little, so compiling one (0.1 to 0.2 s,
/// PostgreSQL manual 32.2) is never won back, and is done for every statement that the planner takes to be
/// expensive. standard_conforming_strings: our statements hold backslashes, and a database may still be set
/// to the ways of version 8. read committed: who has waited for a lock must see what its holder changed, and
/// a database may be set to something stricter.
const char* server_options(Purpose purpose) {
  return purpose == Purpose::change
             ? "-c statement_timeout=24h -c lock_timeout=30s -c idle_in_transaction_session_timeout=10min "
               "-c client_connection_check_interval=5s -c jit=off -c standard_conforming_strings=on "
               "-c default_transaction_isolation=read\\ committed"
             : "-c statement_timeout=2s -c lock_timeout=1s -c idle_in_transaction_session_timeout=10s "
               "-c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed";
}

std::string joined(const Keywords& keywords) {
  std::string text;
  for (const auto& [key, value] : keywords) text += key + "=" + quoted(value) + " ";
  return text;
}

std::string value_of(const Keywords& keywords, const std::string& key) {
  const auto found = keywords.find(key);
  return found == keywords.end() ? std::string{} : found->second;
}

std::string name_of(const Keywords& keywords) {
  auto host = value_of(keywords, "host");
  if (host.empty()) host = value_of(keywords, "hostaddr");
  const auto port = value_of(keywords, "port");
  return (host.empty() ? "local socket" : host) + ":" + (port.empty() ? "5432" : port);
}

bool several_hosts(const Keywords& keywords) {
  return (value_of(keywords, "host") + value_of(keywords, "hostaddr")).find(',') != std::string::npos;
}

/// None for an empty text; else one more than there are commas.
std::vector<std::string> items(const std::string& list) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; !list.empty() && begin <= list.size();) {
    const auto end = std::min(list.find(',', begin), list.size());
    found.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

// After a failover the first server of several may be back as a standby, whose rows are old. Not
// "read-write": a role may be one that only reads.
constexpr const char* kServerWanted = "target_session_attrs";
constexpr const char* kPrimary = "primary";

}  // namespace

std::string conninfo(const StoreOptions& options, Purpose purpose) {
  refuse_unencoded_password(options.url);
  auto keywords = parse(options.url);
  if (!options.password.empty()) keywords["password"] = options.password;
  if (const auto port = keywords.find("port"); port != keywords.end()) check_ports(port->second);
  const Keywords defaults{
      {"application_name",
       "ratingsctl/" + options.command + (purpose == Purpose::validate ? "/validator" : "")},
      {"connect_timeout", "3"},   // seconds; a host that does not answer in three is not there
      {"keepalives_idle", "10"},  // a dead server is noticed after 10 + 3·5 s instead of two hours
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "10000"},  // ms that sent bytes may stay unacknowledged
      {"client_encoding", "UTF8"},
  };
  for (const auto& [key, value] : defaults) keywords.try_emplace(key, value);
  if (options.current || several_hosts(keywords)) keywords.try_emplace(kServerWanted, kPrimary);
  auto& server = keywords["options"];
  server = server.empty() ? server_options(purpose) : std::string{server_options(purpose)} + " " + server;
  return joined(keywords);
}

std::vector<Host> hosts_of(const std::string& conninfo) {
  const auto keywords = parse(conninfo);
  if (!several_hosts(keywords) || value_of(keywords, "target_session_attrs") == "prefer-standby")
    return {{.name = name_of(keywords), .conninfo = conninfo}};
  const auto names = items(value_of(keywords, "host"));
  const auto addresses = items(value_of(keywords, "hostaddr"));
  const auto ports = items(value_of(keywords, "port"));
  std::vector<Host> hosts;
  for (std::size_t i = 0; i < std::max(names.size(), addresses.size()); ++i) {
    auto one = keywords;
    const auto take = [&one, i](const char* key, const std::vector<std::string>& list) {
      if (i < list.size()) one[key] = list[i];
    };
    take("host", names);
    take("hostaddr", addresses);
    if (ports.size() > 1) take("port", ports);  // a single one is everybody's
    hosts.push_back({.name = name_of(one), .conninfo = joined(one)});
  }
  return hosts;
}

std::vector<std::string> by_address(const std::string& conninfo, std::chrono::milliseconds patience) {
  const auto keywords = parse(conninfo);
  const auto host = value_of(keywords, "host");
  const bool socket = host.empty() || host.front() == '/' || host.front() == '@';
  if (socket || several_hosts(keywords) || !value_of(keywords, "hostaddr").empty()) return {conninfo};
  return at_addresses(conninfo, resolve(host, patience));
}

std::vector<std::string> at_addresses(const std::string& conninfo,
                                      const std::vector<std::string>& addresses) {
  auto keywords = parse(conninfo);
  if (addresses.size() > 1) keywords.try_emplace(kServerWanted, kPrimary);
  std::vector<std::string> all;
  for (const auto& address : addresses) {
    keywords["hostaddr"] = address;  // `host` stays: certificates are for the name
    all.push_back(joined(keywords));
  }
  return all;
}

std::string of_any_server(const std::string& conninfo) {
  auto keywords = parse(conninfo);
  keywords.try_emplace(kServerWanted, "any");
  return joined(keywords);
}

std::string target_of(const std::string& conninfo) {
  const auto keywords = parse(conninfo);
  return name_of(keywords) + "/" + value_of(keywords, "dbname");
}

}  // namespace ratings::postgres
