#pragma once

// Where a request's header ends, and whether a body follows. Pure. Stricter than httplib, because two
// programs on the way that understand a header differently would see different requests (RFC 9112 §11.2,
// request smuggling).

#include <cstddef>
#include <string_view>

namespace ratings::http {

/// The most bytes of request line and headers together: four times what a browser with cookies sends.
inline constexpr std::size_t kMaxHead = 16 * 1024;

enum class Framing { incomplete, complete, malformed, too_large };

struct Head {
  Framing framing = Framing::incomplete;
  std::size_t length = 0;  ///< of a complete one, its empty line included
};

/// Looks at the bytes received so far. Lines end with CR LF, the request line has two blanks, and each other
/// line is a name without blanks, a colon and a value: no folded lines (RFC 9112 §2.2, §3, §5).
[[nodiscard]] Head find_head(std::string_view received) noexcept;

/// A complete header says that a body follows, in whatever way.
[[nodiscard]] bool announces_body(std::string_view head) noexcept;

}  // namespace ratings::http
