#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::redis {

inline constexpr int kMaxPort = 65'535;

/// Where a Redis is and how to log in.
struct Address {
  std::string socket;  ///< path of a Unix socket; empty: host and port
  std::string host;
  int port = 6379;
  std::string user;      ///< empty: the default user
  std::string password;  ///< empty: no AUTH
  int database = 0;
  std::chrono::milliseconds budget{50};  ///< see RedisOptions

  /// For log lines: "host:port" or "unix:PATH".
  [[nodiscard]] std::string name() const;
};

/// The same host and port, whatever the login.
[[nodiscard]] inline bool same_place(const Address& a, const Address& b) {
  return a.host == b.host && a.port == b.port;
}

/// redis://[user[:pass]@]host[:port][/db], user, pass and host percent-encoded, an IPv6 host in brackets; or
/// unix:PATH, taken literally. Throws Error{usage} naming the URL without its secret.
[[nodiscard]] Address parse_url(std::string_view url);

[[nodiscard]] bool is_cluster(std::string_view url);
/// redis-cluster://[user[:pass]@]host[:port],host[:port],… with one login for all. Throws as parse_url()
/// does.
[[nodiscard]] std::vector<Address> parse_cluster_url(std::string_view url);

}  // namespace ratings::redis
