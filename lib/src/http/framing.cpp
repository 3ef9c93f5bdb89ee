#include "http/framing.hpp"

#include <algorithm>

namespace ratings::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find(kLineEnd));
  text.remove_prefix(std::min(text.size(), line.size() + kLineEnd.size()));
  return line;
}

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter_or_digit || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

bool well_formed(std::string_view head) {
  const auto request = take_line(head);
  // A fragment never travels (RFC 9112 §3.2); httplib would cut it off and answer for what stands before it.
  if (std::count(request.begin(), request.end(), ' ') != 2 || request.find('#') != std::string_view::npos)
    return false;
  for (auto line = take_line(head); !line.empty(); line = take_line(head)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  }
  return true;
}

/// NUL, LF without CR, CR without LF.
bool has_stray_byte(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const bool after_return = i > 0 && head[i - 1] == '\r';
    if (head[i] == '\0' || (head[i] == '\n') != after_return) return true;
  }
  return false;
}

bool same_name(std::string_view name, std::string_view lower_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(),
                    [lower](char a, char b) { return lower(a) == b; });
}

}  // namespace

Head find_head(std::string_view received) noexcept {
  const auto end = received.find("\r\n\r\n");
  const bool complete = end != std::string_view::npos;
  const auto head = received.substr(0, complete ? end + 4 : received.size());
  if (has_stray_byte(head)) return {Framing::malformed, 0};
  if (head.size() > kMaxHead) return {Framing::too_large, 0};
  if (!complete) return {Framing::incomplete, 0};
  if (!well_formed(head)) return {Framing::malformed, 0};
  return {Framing::complete, head.size()};
}

bool announces_body(std::string_view head) noexcept {
  (void)take_line(head);
  for (auto line = take_line(head); !line.empty(); line = take_line(head)) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const auto value = line.substr(colon + 1);
    if (same_name(name, "transfer-encoding")) return true;
    if (same_name(name, "content-length") && value != " 0" && value != "0") return true;
  }
  return false;
}

}  // namespace ratings::http
