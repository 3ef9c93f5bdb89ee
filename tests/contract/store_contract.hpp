#pragma once

// The store contract: one suite over every store, written against the public interfaces alone. A test program
// links store_contract_*.cpp and support/store_fixture.cpp, and defines make_store().

#include "support/caught.hpp"
#include "support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ratings::test {

/// One rating; times are small numbers, because only their order matters here.
[[nodiscard]] constexpr Rating rate(std::int64_t user, std::int32_t movie, float score,
                                    std::int64_t timestamp) {
  return {.user = {user}, .movie = {movie}, .score = score, .timestamp = timestamp};
}

/// What kind of error a call ends with; nothing when it ends well.
template <typename Call>
std::optional<Kind> error_of(Call call) {
  return caught(std::move(call)).kind;
}

/// Of the batch of that name, as the store lists it.
inline BatchInfo batch_named(Store& store, const std::string& name) {
  for (const auto& batch : store.clean_up().batches()) {
    if (batch.batch == name) return batch;
  }
  FAIL("no batch " << name);
  return {};
}

inline const std::vector<Rating> kSome{rate(1, 31, 2.5F, 100), rate(1, 31, 2.5F, 100), rate(1, 40, 5, 200),
                                       rate(2, 31, 4, 100), rate(3, 7, 1, 50)};

/// Of users 0 … 9.
inline std::string all_rows(Store& store) {
  std::vector<Rating> all;
  for (std::int64_t user = 0; user < 10; ++user) {
    const auto rows = store.rows(user);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return to_text(std::move(all));
}

}  // namespace ratings::test
