#pragma once

#include <string>
#include <string_view>

namespace ratings {

/// `text` with every byte that is no part of valid UTF-8 (RFC 3629, section 4) written \\xHH: a file may be
/// named anything, a database keeps text.
[[nodiscard]] std::string as_utf8(std::string_view text);

}  // namespace ratings
