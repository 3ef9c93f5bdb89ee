#include "exit_code.hpp"

namespace ratings::cmd {

ExitCode exit_code(Kind kind) noexcept {
  switch (kind) {
    case Kind::usage:
      return ExitCode::usage;
    case Kind::unreachable:
    case Kind::busy:
      return ExitCode::unreachable;
    case Kind::guard:
      return ExitCode::refused;
    case Kind::interrupted:
      return ExitCode::interrupted;
    case Kind::input:
    case Kind::store:
    case Kind::internal:
      break;
  }
  return ExitCode::failed;
}

const char* error_code(Kind kind) noexcept {
  switch (kind) {
    case Kind::usage:
      return "usage";
    case Kind::unreachable:
      return "unreachable";
    case Kind::busy:
      return "busy";
    case Kind::guard:
      return "refused";
    case Kind::interrupted:
      return "interrupted";
    case Kind::input:
      return "input";
    case Kind::store:
      return "store";
    case Kind::internal:
      break;
  }
  return "failed";
}

}  // namespace ratings::cmd
