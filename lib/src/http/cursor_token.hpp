#pragma once

// The cursor as clients see it: an opaque token that carries the whole request of the next page.

#include "http/request.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace ratings::http {

/// `page.filter.after` must be set.
[[nodiscard]] std::string cursor_token(const RatesOfUser& page);

/// nullopt for anything cursor_token() did not write. The checksum inside finds damage, it keeps no secret: a
/// cursor allows nothing that its parameters would not.
[[nodiscard]] std::optional<RatesOfUser> read_cursor_token(std::string_view token);

}  // namespace ratings::http
