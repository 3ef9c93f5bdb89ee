#pragma once

// A request's name in answers and log lines, so that somebody who got an error can be told why.

#include <string>

namespace ratings::http {

/// 16 hexadecimal digits at random, without a system call. Thread-safe.
[[nodiscard]] std::string make_request_id();

}  // namespace ratings::http
