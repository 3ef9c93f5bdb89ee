#pragma once

#include "ratings/error.hpp"

#include <optional>
#include <string>

namespace ratings::test {

/// What a call ends with; nothing when it ends well.
struct Caught {
  std::optional<Kind> kind;
  std::string what;
};

template <typename Call>
Caught caught(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {};
}

}  // namespace ratings::test
