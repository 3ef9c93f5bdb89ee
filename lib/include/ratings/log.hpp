#pragma once

#include "ratings/export.hpp"

#include <string>

namespace ratings {

/// Log lines go to stderr: "2026-01-01T00:00:00Z info sentence key=value".
/// `level`: error, warn, info or debug; Error{usage} for anything else.
RATINGS_EXPORT void set_log_level(const std::string& level);

/// For programs that use the library and want a line in the same form.
RATINGS_EXPORT void log_info(const std::string& line);
RATINGS_EXPORT void log_warn(const std::string& line);

}  // namespace ratings
