#include "http/gate.hpp"

#include "http/text.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace ratings::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

enum ByteClass : std::uint8_t {
  token = 1,      ///< RFC 9110 §5.6.2
  field = 2,      ///< of a field's value: visible, blank, HTAB, and what is not ASCII (RFC 9110 §5.5)
  id = 4,         ///< in an X-Request-Id: what neither a log, a shell nor a page can misunderstand
  line_only = 8,  ///< may stand in a request line; which of them in a target is decided by route_of()
};

constexpr std::array<std::uint8_t, 256> kBytes = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view bytes, ByteClass kind) {
    for (const char c : bytes) classes[static_cast<unsigned char>(c)] |= kind;
  };
  constexpr std::string_view kAlphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  add(kAlphanumeric, token);
  add("!#$%&'*+-.^_`|~", token);
  add(kAlphanumeric, id);
  add("._:+/=-", id);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if ((c >= ' ' && c != 0x7f) || c == '\t') classes[c] |= field;
    if (c != '\0' && c != '\r' && c != '\n') classes[c] |= line_only;
  }
  return classes;
}();

bool all(std::string_view text, ByteClass kind) {
  return std::all_of(text.begin(), text.end(),
                     [kind](char c) { return (kBytes[static_cast<unsigned char>(c)] & kind) != 0; });
}

bool lists_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (same_word(take_item(list, ','), word)) return true;
  }
  return false;
}

Refused malformed(const char* message = "this is no HTTP/1.1 request") {
  return {.refusal = {400, "bad_request", message}};
}

Refused line_too_long() {
  return {.refusal = {414, "target_too_long", "the request line is longer than 8192 bytes"}};
}

Refused head_too_large() {
  return {.refusal = {431, "header_too_large", "the request's header is longer than 16384 bytes"}};
}

enum class Version { http_1_0, http_1_1 };

struct RequestLine {
  std::string_view method;
  std::string_view target;
  Version version = Version::http_1_1;
};

/// With what is known of the request, so that its line in the log says what was refused.
Refused named(Refused refused, const std::optional<RequestLine>& request) {
  if (request) {
    refused.method = request->method;
    refused.target = request->target;
  }
  return refused;
}

std::variant<RequestLine, Refused> read_request_line(std::string_view line) {
  if (line.size() > kMaxRequestLine) return line_too_long();
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed();
  RequestLine request{.method = line.substr(0, first), .target = line.substr(first + 1, last - first - 1)};
  if (request.method.empty() || !all(request.method, token) || request.target.empty()) return malformed();
  // A fragment never travels (RFC 9112 §3.2): whoever cuts it off answers for something else.
  if (request.target.find_first_of(" #") != std::string_view::npos) return malformed();
  const auto version = line.substr(last + 1);
  if (version == "HTTP/1.1") return request;
  if (version == "HTTP/1.0") {
    request.version = Version::http_1_0;
    return request;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  constexpr std::string_view kName = "HTTP/";
  if (version.size() == kName.size() + 3 && version.starts_with(kName) && digit(version[5]) &&
      version[6] == '.' && digit(version[7])) {
    if (version[5] == '1')
      return request;  // a later minor version is read as the latest one known (RFC 9110 §2.5)
    return named(
        Refused{.refusal = {505, "version_not_supported", "this server speaks HTTP/1.1 and HTTP/1.0"}},
        request);
  }
  return malformed();
}

/// What the header fields come to; the rest of them are nobody's business.
class HeaderLines {
 public:
  /// False: no field.
  [[nodiscard]] bool read(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !all(line.substr(0, colon), token) ||
        !all(line.substr(colon + 1), field)) {
      return false;
    }
    ++count_;
    take(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
  }

  /// Why the request cannot be answered, if so.
  [[nodiscard]] std::optional<Refused> objection(const RequestLine& request) const {
    const auto after = wish(request.version);
    const auto refused = [&](Refused why) {
      why.id = id_;
      return named(std::move(why), request);
    };
    if (body_unclear(request.version))
      return refused(malformed("where the request's body ends can be read in two ways, or in none"));
    const auto skipping = [&](Refusal refusal) {
      return refused({.refusal = std::move(refusal),
                      .after = after,
                      .bodiless = request.method == "HEAD",
                      .body = body_to_skip()});
    };
    if (count_ > kMaxFields)
      return skipping({431, "header_too_large", "the request has more than 64 header fields"});
    if (hosts_ > 1 || !host_valid_ || (hosts_ == 0 && request.version == Version::http_1_1))
      return skipping({400, "bad_host", "a request names its host in one Host field"});
    if (has_body() && (request.method == "GET" || request.method == "HEAD"))
      return skipping({413, "content_too_large", "a request here has no body"});
    return std::nullopt;
  }

  [[nodiscard]] Admitted admitted(const RequestLine& request) {
    return {.method = request.method,
            .target = request.target,
            .conditions = conditions_,
            .id = id_,
            .after = wish(request.version),
            .body = body_to_skip(),
            .joined = std::move(joined_)};
  }

 private:
  void take(std::string_view name, std::string_view value) {
    // Most fields are none of these; their length says so.
    if (name.size() == 4 && same_word(name, "host")) {
      ++hosts_;
      host_valid_ = host_valid_ && is_authority(value);
    } else if (name.size() == 10 && same_word(name, "connection")) {
      close_ = close_ || lists_word(value, "close");
      keep_alive_ = keep_alive_ || lists_word(value, "keep-alive");
    } else if (name.size() == 12 && same_word(name, "x-request-id")) {
      // Two of them: nobody can know which is meant.
      id_ = !id_ && value.size() <= kMaxId && all(value, id) ? value : std::string_view{};
    } else if (name.size() == 13 && same_word(name, "if-none-match")) {
      add(conditions_.if_none_match, &JoinedFields::if_none_match, value);
    } else if (name.size() == 14 && same_word(name, "content-length")) {
      ++lengths_;
      length_ = value;
    } else if (name.size() == 15 && same_word(name, "accept-encoding")) {
      add(conditions_.accept_encoding, &JoinedFields::accept_encoding, value);
    } else if (name.size() == 17 && same_word(name, "transfer-encoding")) {
      ++codings_;
      chunked_ = same_word(value, "chunked");
    }
  }

  void add(std::string_view& list, std::string JoinedFields::*whole, std::string_view value) {
    if (list.empty()) {
      list = value;
      return;
    }
    if (!joined_) joined_ = std::make_unique<JoinedFields>();
    auto& text = (*joined_).*whole;
    text = std::string{list} + ", " + std::string{value};
    list = text;
  }

  [[nodiscard]] bool body_unclear(Version version) const {
    if (lengths_ > 1 || codings_ > 1 || (lengths_ > 0 && codings_ > 0)) return true;
    if (codings_ > 0) return !chunked_ || version == Version::http_1_0;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return lengths_ > 0 && (length_.empty() || !std::all_of(length_.begin(), length_.end(), digit));
  }
  [[nodiscard]] bool has_body() const {
    return codings_ > 0 || length_.find_first_not_of('0') != std::string_view::npos;
  }
  /// nullopt: nobody should wait for the end of it.
  [[nodiscard]] std::optional<std::uint64_t> length_of_body() const {
    constexpr std::size_t kDigits = 8;  // of what is small enough
    if (codings_ > 0) return std::nullopt;
    const auto digits = length_.substr(std::min(length_.find_first_not_of('0'), length_.size()));
    if (digits.size() > kDigits) return std::nullopt;
    std::uint64_t length = 0;
    for (const char c : digits) length = length * 10 + static_cast<std::uint64_t>(c - '0');
    return length <= kMaxSkipped ? std::optional{length} : std::nullopt;
  }
  [[nodiscard]] std::uint64_t body_to_skip() const { return length_of_body().value_or(0); }
  [[nodiscard]] After wish(Version version) const {
    if (!length_of_body() || close_) return After::close;
    return version == Version::http_1_1 || keep_alive_ ? After::keep : After::close;
  }

  std::size_t count_ = 0;
  std::size_t hosts_ = 0;
  bool host_valid_ = true;
  std::size_t lengths_ = 0;
  std::string_view length_;
  std::size_t codings_ = 0;
  bool chunked_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  Conditions conditions_;
  std::optional<std::string_view> id_;
  std::unique_ptr<JoinedFields> joined_;
};

/// Takes the next line off `rest`, without its end. nullopt: it has no end yet.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

/// A line, or the beginning of one that has not come whole, that cannot be right whatever follows.
std::optional<Refused> objection_to_part(std::string_view part, bool first) {
  if (part.ends_with('\r')) part.remove_suffix(1);
  if (!all(part, line_only)) return malformed();
  if (first && part.size() > kMaxRequestLine) return line_too_long();
  return std::nullopt;
}

}  // namespace

std::size_t leading_blank(std::string_view received) noexcept {
  std::size_t length = 0;
  while (received.substr(length).starts_with(kLineEnd)) length += kLineEnd.size();
  return length;
}

Refused too_slow() {
  return {.refusal = {408, "request_timeout", "the request's header did not arrive in time"}};
}

Gated admit(std::string_view received) {
  auto rest = received;
  std::optional<RequestLine> request;
  HeaderLines fields;
  while (auto line = take_line(rest)) {
    if (!line->ends_with('\r')) return {named(malformed(), request), 0};
    line->remove_suffix(1);
    const auto used = received.size() - rest.size();
    if (used > kMaxHead) return {named(head_too_large(), request), 0};
    if (!request) {
      if (!all(*line, line_only)) return {malformed(), 0};
      auto read = read_request_line(*line);
      if (auto* refused = std::get_if<Refused>(&read)) return {std::move(*refused), 0};
      request = std::get<RequestLine>(read);
    } else if (line->empty()) {
      if (auto objection = fields.objection(*request)) return {*std::move(objection), used};
      return {fields.admitted(*request), used};
    } else if (!fields.read(*line)) {
      return {named(malformed(), request), 0};
    }
  }
  if (auto objection = objection_to_part(rest, !request)) return {named(*std::move(objection), request), 0};
  if (received.size() > kMaxHead) return {named(head_too_large(), request), 0};
  return {Incomplete{}, 0};
}

}  // namespace ratings::http
