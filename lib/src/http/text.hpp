#pragma once

// How HTTP's header fields are read: words, blanks, lists. Pure.

#include <string_view>

namespace ratings::http {

/// Without the blanks and tabs around it (OWS, RFC 9110 §5.6.3).
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_word(std::string_view a, std::string_view b) noexcept;

/// Takes what stands before the next `separator` off the front of `list`, and that with it; trimmed.
[[nodiscard]] std::string_view take_item(std::string_view& list, char separator) noexcept;

}  // namespace ratings::http
