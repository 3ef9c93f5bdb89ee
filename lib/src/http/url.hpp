#pragma once

// Text forms of a request target and of opaque tokens. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace ratings::http {

enum class Plus { literal, blank };  ///< '+' is a blank in a query (HTML forms), itself in a path

/// What may stand in a Host field, or between "http://" and the path: host and port (RFC 3986 §3.2.2
/// and 3.2.3, without IPvFuture and user information; RFC 9110 §7.2), or nothing.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

/// Decodes %XX once; nullopt for a broken escape.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

/// RFC 4648 §5, without padding.
[[nodiscard]] std::string base64url(std::string_view bytes);
/// The bytes of exactly one such text; nullopt for anything base64url() would not write.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace ratings::http
