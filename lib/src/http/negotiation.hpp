#pragma once

// What a client's headers allow. Pure.

#include <string_view>

namespace ratings::http {

/// Accept-Encoding (RFC 9110 §12.5.3) allows gzip, and does not like identity better.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

/// If-None-Match (RFC 9110 §13.1.2) names `etag`, by weak comparison, or is "*". Empty: no such header.
[[nodiscard]] bool matches(std::string_view if_none_match, std::string_view etag);

}  // namespace ratings::http
