#pragma once

#include "ratings/error.hpp"

namespace ratings::cmd {

/// What the shell sees; the same table stands in ratingsctl(1).
enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,
  remainder = 3,  ///< done, but not for everything asked for
  unreachable = 4,
  refused = 5,  ///< by a guard
  interrupted = 130,
};

[[nodiscard]] ExitCode exit_code(Kind kind) noexcept;
/// The kind's name in {"error":{"code":…}}; the same list stands in ratingsctl(1).
[[nodiscard]] const char* error_code(Kind kind) noexcept;

}  // namespace ratings::cmd
