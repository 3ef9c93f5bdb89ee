#include "store/url.hpp"

#include "ratings/error.hpp"
#include "ratings/store.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>

namespace ratings {
namespace {

constexpr std::string_view kEmbedded = "sqlite:";
constexpr std::string_view kMask = "***";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// %70assword is a password too.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (escape) {
      out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// password, sslpassword and whatever libpq may call one later.
bool is_secret(std::string_view name) {
  auto lower = decoded(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("password") != std::string::npos;
}

/// Where user:password ends, or npos. A password with a raw / or ? breaks the URL, but must not be shown
/// either: what follows the colon of a host is a port, so anything else before a later @ is taken for a
/// password.
std::size_t credentials_end(std::string_view rest) {
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) return at;
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos) return std::string_view::npos;
  const auto port = authority.substr(colon + 1);
  const bool is_port =
      std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return is_port ? std::string_view::npos : rest.rfind('@');
}

std::string without_query_secrets(std::string_view rest) {
  const auto query = rest.find('?');
  if (query == std::string_view::npos) return std::string{rest};
  std::string out{rest.substr(0, query + 1)};
  rest.remove_prefix(query + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    const bool secret = equals != std::string_view::npos && is_secret(pair.substr(0, equals));
    out += secret ? std::string{pair.substr(0, equals + 1)} + std::string{kMask} : std::string{pair};
    if (end < rest.size()) out += '&';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::string redacted_uri(std::string_view url, std::size_t scheme_end) {
  std::string out{url.substr(0, scheme_end)};
  auto rest = url.substr(scheme_end);
  if (const auto at = credentials_end(rest); at != std::string_view::npos) {
    const auto credentials = rest.substr(0, at);
    const auto colon = credentials.find(':');
    out += credentials.substr(0, colon);
    if (colon != std::string_view::npos) out += ":" + std::string{kMask};
    out += '@';
    rest.remove_prefix(at + 1);
  }
  return out + without_query_secrets(rest);
}

/// The length of a keyword string's value: 'quoted with \' inside', or up to a blank (libpq, conninfo_parse).
std::size_t value_length(std::string_view text) {
  const bool quoted = text.starts_with('\'');
  for (std::size_t i = quoted ? 1 : 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (quoted ? text[i] == '\'' : is_space(text[i])) {
      return quoted ? i + 1 : i;
    }
  }
  return text.size();
}

std::string redacted_keywords(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return out + std::string{text};
    auto begin = equals + 1;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    const auto length = value_length(text.substr(begin));
    out += text.substr(0, begin);
    out += is_secret(text.substr(0, equals)) ? kMask : text.substr(begin, length);
    text.remove_prefix(begin + length);
  }
  return out;
}

/// host=… : a word, then an equals sign.
bool is_keyword_string(std::string_view url) {
  const auto equals = url.find('=');
  if (equals == std::string_view::npos) return false;
  const auto word = url.substr(0, equals);
  return std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || std::isspace(c) != 0;
  });
}

/// u:password@h of an address whose scheme was forgotten or mistyped.
std::string redacted_login(std::string_view text) {
  const auto at = text.rfind('@');
  const auto colon = text.find(':');
  if (at == std::string_view::npos || colon >= at) return std::string{text};
  return std::string{text.substr(0, colon + 1)} + std::string{kMask} + std::string{text.substr(at)};
}

}  // namespace

bool is_embedded(const std::string& url) {
  if (url.starts_with(kEmbedded)) return true;
  if (url.starts_with("postgresql://") || url.starts_with("postgres://") || is_keyword_string(url))
    return false;
  // Shows nothing of it: where its password ends, nobody knows.
  throw Error{Kind::usage,
              "the store's address is neither sqlite:PATH nor that of PostgreSQL; use for example "
              "postgresql://user@host/database"};
}

std::string redacted(const std::string& url) {
  if (url.starts_with(kEmbedded)) return url;
  constexpr std::string_view separator = "://";
  const auto scheme = url.find(separator);
  if (scheme != std::string::npos && !is_keyword_string(url.substr(0, scheme))) {
    return redacted_uri(url, scheme + separator.size());
  }
  const auto text = redacted_keywords(url);
  return is_keyword_string(url) ? text : redacted_login(text);
}

std::filesystem::path embedded_path(const std::string& url) {
  const auto path = url.substr(kEmbedded.size());
  if (path.empty() || path == ":memory:") {
    throw Error{Kind::usage, "store '" + url + "' names no file; use sqlite:PATH"};
  }
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(path, failed);
  const auto resolved = std::filesystem::weakly_canonical(absolute, failed);
  return failed ? absolute : resolved;
}

}  // namespace ratings
