#pragma once

// The store contract: one suite over every store, written against the public interfaces alone. A test program
// links store_contract_*.cpp and support/store_fixture.cpp, and defines make_store().

#include "support/store_fixture.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace ratings::test {

/// One rating; times are small numbers, because only their order matters here.
[[nodiscard]] constexpr Rating rate(std::int64_t user, std::int32_t movie, float score,
                                    std::int64_t timestamp) {
  return {.user = {user}, .movie = {movie}, .score = score, .timestamp = timestamp};
}

/// What kind of error a call ends with; nothing when it ends well.
template <typename Call>
std::optional<Kind> error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

}  // namespace ratings::test
