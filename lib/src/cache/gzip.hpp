#pragma once

#include <string>
#include <string_view>

namespace ratings {

/// `bytes` as a gzip stream (RFC 1952), quick rather than small. Thread-safe. Throws std::bad_alloc.
[[nodiscard]] std::string gzip(std::string_view bytes);

}  // namespace ratings
