#pragma once

#include "ratings/export.hpp"

#include <string>

namespace ratings {

/// Log lines go to stderr: "2026-01-01T00:00:00Z info sentence key=value".
/// `level`: error, warn, info or debug; Error{usage} for anything else.
RATINGS_EXPORT void set_log_level(const std::string& level);

/// `format`: text as above, or json: {"time":…,"level":…,"message":…} and, for requests, fields of their own.
/// Error{usage} for anything else. Call it before other threads write lines.
RATINGS_EXPORT void set_log_format(const std::string& format);

/// From now on a line that stderr does not take at once (a full pipe, a stopped terminal) is dropped, and
/// counted in the next that it takes: for threads that must not wait for whoever reads the log. Lines end
/// at PIPE_BUF bytes (4,096 on Linux). Call it before other threads write lines.
RATINGS_EXPORT void log_without_waiting();

/// For programs that use the library and want a line in the same form.
RATINGS_EXPORT void log_info(const std::string& line);
RATINGS_EXPORT void log_warn(const std::string& line);

}  // namespace ratings
