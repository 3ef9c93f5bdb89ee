#pragma once

// The gate: bytes as they came from a client ▸ a request, or the reason why it is none. Pure. Nothing behind
// it sees a byte that it did not let through, and it is stricter than most, because two programs on the way
// that understand a header differently would see different requests (RFC 9112 §11.2, request smuggling).

#include "http/responses.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ratings::http {

/// The most bytes of request line and header fields together: four times what a browser with cookies sends.
inline constexpr std::size_t kMaxHead = std::size_t{16} * 1024;
/// Of these, the request line: a next-page link with a hundred movies has some 3,000.
inline constexpr std::size_t kMaxRequestLine = std::size_t{8} * 1024;
/// Of a body that nobody wants: read over, so that its connection can be kept. A larger one ends it.
inline constexpr std::uint64_t kMaxSkipped = std::uint64_t{64} * 1024;
/// Of an X-Request-Id: room for a W3C traceparent or two UUIDs, and little in a log line.
inline constexpr std::size_t kMaxId = 128;
/// A browser behind two proxies sends about thirty.
inline constexpr std::size_t kMaxFields = 64;

enum class After { keep, close };  ///< what becomes of the connection after an answer

/// Several fields of one name are one list (RFC 9110 §5.3); seldom needed.
struct JoinedFields {
  std::string accept_encoding;
  std::string if_none_match;
};

/// A request with its framing in order. Views into the bytes that admit() was given, and into `joined`.
struct Admitted {
  std::string_view method;  ///< a token
  std::string_view target;  ///< as sent, not empty
  Conditions conditions;
  /// X-Request-Id as sent; empty: one that cannot be used. nullopt: the client named none.
  std::optional<std::string_view> id;
  After after =
      After::keep;         ///< as the client wants it; close where the end of a body is too far, or not known
  std::uint64_t body = 0;  ///< bytes to skip behind it before the next request
  std::unique_ptr<JoinedFields> joined;
};

/// No request for us. Close where nobody can know where the next one begins.
struct Refused {
  Refusal refusal;
  After after = After::close;
  bool bodiless = false;   ///< it was HEAD
  std::uint64_t body = 0;  ///< as above
  // For the log and the answer, as in Admitted; views into the same bytes.
  std::string_view method = {};                       ///< empty: its first line is none
  std::string_view target = {};                       ///< as above
  std::optional<std::string_view> id = std::nullopt;  ///< only of a header that came whole, in good order
};

struct Incomplete {};

struct Gated {
  std::variant<Incomplete, Admitted, Refused> verdict;
  std::size_t length = 0;  ///< bytes that were used up; of those after them a next request may begin
};

/// Looks at everything that was received and not used up. Lines end with CR LF, and no other byte below a
/// blank stands in them but HTAB; no folded lines; one Host (RFC 9112 §2.2, §3.2, §5). Whatever names a body
/// in a way that can be read in two ways is refused, and so is a body to GET or HEAD: no path here wants one.
[[nodiscard]] Gated admit(std::string_view received);

/// For a header that did not end in time.
[[nodiscard]] Refused too_slow();

/// How many bytes of empty lines stand before a request; they are to be ignored (RFC 9112 §2.2).
[[nodiscard]] std::size_t leading_blank(std::string_view received) noexcept;

}  // namespace ratings::http
