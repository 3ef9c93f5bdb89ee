#include "http/gate.hpp"
#include "http/request.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

// The gate against what it promises, checked again in another way, for libFuzzer. An input is what a client
// sends.
namespace ratings::http {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "the gate broke a promise: " << what << '\n';
  std::abort();
}

std::vector<std::string> lines_of(std::string_view head) {
  std::vector<std::string> lines;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    require(end != std::string_view::npos, "every line ends with CR LF");
    lines.emplace_back(head.substr(0, end));
    head.remove_prefix(end + 2);
  }
  return lines;
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

/// The values of all fields of that name, without the blanks around them.
std::vector<std::string> values(const std::vector<std::string>& lines, std::string_view name) {
  std::vector<std::string> found;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    if (colon == std::string::npos || lower(lines[i].substr(0, colon)) != name) continue;
    auto value = lines[i].substr(colon + 1);
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    value.erase(value.begin(), std::find_if_not(value.begin(), value.end(), blank));
    while (!value.empty() && blank(value.back())) value.pop_back();
    found.push_back(value);
  }
  return found;
}

bool plain_zero(const std::string& value) {
  return !value.empty() && value.find_first_not_of('0') == std::string::npos;
}

void check_lines(const std::vector<std::string>& lines, std::string_view head) {
  require(head.size() <= kMaxHead && lines[0].size() <= kMaxRequestLine, "the limits in bytes");
  require(lines.size() - 2 <= kMaxFields, "the limit in fields");
  for (const auto& line : lines) {
    require(line.find('\r') == std::string::npos && line.find('\n') == std::string::npos &&
                line.find('\0') == std::string::npos,
            "no stray line end and no NUL");
  }
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    require(!lines[i].empty() && lines[i][0] != ' ' && lines[i][0] != '\t', "no folded line, none empty");
    const auto name = lines[i].substr(0, lines[i].find(':'));
    require(name.size() < lines[i].size(), "every field has a colon");
    require(std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; }),
            "names are visible");
  }
}

void check_admitted(const Admitted& request, std::string_view head) {
  const auto lines = lines_of(head);
  require(lines.size() >= 2 && lines.back().empty(), "it ends with an empty line");
  check_lines(lines, head);
  const auto version = lines[0].back() - '0';
  require(version >= 0 && version <= 9 && lines[0].ends_with(std::string{" HTTP/1."} + lines[0].back()),
          "the version");
  require(lines[0] == std::string{request.method} + ' ' + std::string{request.target} + " HTTP/1." +
                          static_cast<char>('0' + version),
          "the request line is method, target and version");
  require(!request.target.empty() && request.target.find_first_of(" #") == std::string_view::npos,
          "the target");
  const auto hosts = values(lines, "host");
  require(hosts.size() == 1 || (hosts.empty() && version == 0), "one Host");
  const auto lengths = values(lines, "content-length");
  const auto codings = values(lines, "transfer-encoding");
  require(lengths.size() + codings.size() <= 1, "one way to say how long a body is");
  const bool body = !codings.empty() || (!lengths.empty() && !plain_zero(lengths[0]));
  require(!body || (request.method != "GET" && request.method != "HEAD"), "no body to GET and HEAD");
  require(
      !body || request.after == After::close || (codings.empty() && request.body == std::stoull(lengths[0])),
      "a body that is skipped has the length it says");
  require(body || request.body == 0, "no more is skipped than a body");
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"._:+/=-"}.find(c) != std::string_view::npos;
  };
  require(request.id.has_value() == !values(lines, "x-request-id").empty(),
          "an id is there when one was sent");
  require(!request.id ||
              (request.id->size() <= kMaxId && std::all_of(request.id->begin(), request.id->end(), plain)),
          "an id may stand in a header and in a log");
  require(codings.empty() || (lower(codings[0]) == "chunked" && version > 0), "the coding is chunked");
}

void check_prefixes(std::string_view head) {
  // Whatever way the bytes came in, the request is the same: it is not there before its last byte.
  const auto step = std::max<std::size_t>(1, head.size() / 16);
  for (std::size_t length = 1; length < head.size(); length += step)
    require(std::holds_alternative<Incomplete>(admit(head.substr(0, length)).verdict),
            "no request in a part of one");
  require(std::holds_alternative<Incomplete>(admit(head.substr(0, head.size() - 1)).verdict),
          "nor without its last byte");
}

/// The short way that a memory hit takes finds the user that the router finds.
void check_short_way(const Admitted& request) {
  const auto user = user_of_plain_rates(request.method, request.target);
  if (!user) return;
  const auto route = route_of(request.method, request.target);
  const auto* rates = std::get_if<RatesOfUser>(&route);
  require(
      rates != nullptr && rates->user == *user && rates->filter.everything() && rates->format == Format::json,
      "the short way is the router's");
}

void read_all(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(leading_blank(bytes));
    if (bytes.empty()) return;
    const auto gated = admit(bytes);
    if (const auto* refused = std::get_if<Refused>(&gated.verdict)) {
      require(refused->refusal.status >= 400 && refused->refusal.status < 600, "a refusal is an error");
      require(refused->after == After::close || gated.length > 0, "what keeps its connection is used up");
      if (refused->after == After::close) return;
    } else if (const auto* request = std::get_if<Admitted>(&gated.verdict)) {
      const auto head = bytes.substr(0, gated.length);
      check_admitted(*request, head);
      check_prefixes(head);
      check_short_way(*request);
      (void)route_of(request->method, request->target);
      if (request->after == After::close) return;
      bytes.remove_prefix(std::min<std::size_t>(bytes.size() - gated.length, request->body));
    } else {
      require(gated.length == 0 && bytes.size() <= kMaxHead, "what is incomplete may become complete");
      return;
    }
    bytes.remove_prefix(gated.length);
  }
}

}  // namespace
}  // namespace ratings::http

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  ratings::http::read_all({reinterpret_cast<const char*>(data), size});
  return 0;
}
