#include "redis/redis_url.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace ratings::redis {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kClusterScheme = "redis-cluster://";
constexpr std::string_view kUnixScheme = "unix:";
constexpr int kMaxDatabase = 1'000'000;  // Redis has 16 unless told otherwise; this only refuses nonsense

/// Shows nothing of the URL: where its password ends, nobody knows before it is understood.
[[noreturn]] void refuse(const std::string& why) {
  throw Error{Kind::usage, "the cache's URL is not understood: " + why +
                               "; expected redis://[user[:pass]@]host:port/db, "
                               "redis-cluster://[user[:pass]@]host:port,host:port, unix:PATH or none"};
}

std::optional<int> number(std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    return std::nullopt;
  return value;
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// RFC 3986 §2.1.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low || (*high == 0 && *low == 0))
      refuse("'%' must be followed by two hexadecimal digits, not 00");
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

void read_login(std::string_view login, Address& address) {
  const auto colon = login.find(':');
  address.user = decoded(login.substr(0, colon));
  if (colon != std::string_view::npos) address.password = decoded(login.substr(colon + 1));
}

void read_host(std::string_view text, Address& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) refuse("the bracket of the host is not closed");
    address.host = std::string{text.substr(1, close - 1)};
    port = text.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) refuse("the host must be followed by ':port'");
  } else {
    const auto colon = text.find(':');
    address.host = decoded(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (address.host.empty()) refuse("the host is missing");
  if (port.empty()) return;
  const auto value = number(port.substr(1), 1, kMaxPort);
  if (!value) refuse("the port must be 1 to 65535");
  address.port = *value;
}

Address parse_socket(std::string_view url) {
  Address address;
  address.socket = std::string{url.substr(kUnixScheme.size())};
  if (address.socket.empty()) refuse("the path is missing");
  return address;
}

void refuse_zero_bytes(std::string_view url) {
  if (url.find('\0') != std::string_view::npos) refuse("it holds a zero byte");
}

/// Reads user and password, if any, from what follows the scheme; returns what follows them.
std::string_view after_login(std::string_view rest, Address& address) {
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    read_login(rest.substr(0, at), address);
    rest = rest.substr(at + 1);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) refuse("parameters are not understood");
  return rest;
}

}  // namespace

std::string Address::name() const {
  if (!socket.empty()) return std::string{kUnixScheme} + socket;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Address parse_url(std::string_view url) {
  refuse_zero_bytes(url);
  if (url.starts_with(kUnixScheme)) return parse_socket(url);
  if (url.starts_with("rediss://")) refuse("TLS is not supported; use a tunnel or a Unix socket");
  if (!url.starts_with(kScheme)) refuse("unknown scheme");
  Address address;
  auto rest = after_login(url.substr(kScheme.size()), address);
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    if (const auto database = rest.substr(slash + 1); !database.empty()) {
      const auto value = number(database, 0, kMaxDatabase);
      if (!value) refuse("the database must be a number");
      address.database = *value;
    }
    rest = rest.substr(0, slash);
  }
  read_host(rest, address);
  return address;
}

bool is_cluster(std::string_view url) { return url.starts_with(kClusterScheme); }

std::vector<Address> parse_cluster_url(std::string_view url) {
  refuse_zero_bytes(url);
  if (!is_cluster(url)) refuse("unknown scheme");
  Address login;
  const auto rest = after_login(url.substr(kClusterScheme.size()), login);
  if (url.find('@') != url.rfind('@'))
    refuse("the login stands once, before the first host, and an '@' in it is written %40");
  if (rest.find('/') != std::string_view::npos)
    refuse("a cluster has database 0 only, so no '/' may follow the hosts");
  std::vector<Address> addresses;
  for (std::size_t begin = 0; begin <= rest.size();) {
    const auto end = std::min(rest.find(',', begin), rest.size());
    read_host(rest.substr(begin, end - begin), addresses.emplace_back(login));
    begin = end + 1;
  }
  return addresses;
}

}  // namespace ratings::redis
