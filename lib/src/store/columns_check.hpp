#pragma once

#include "ratings/store.hpp"

#include <string>

namespace ratings {

/// `foreign`: the columns of ratings that are not ours, in words; empty: there are none. Answers are right
/// all the same, so it does not block the cache.
[[nodiscard]] inline Check columns_check(const std::string& foreign) {
  return {.name = "columns",
          .ok = foreign.empty(),
          .blocks_cache = false,
          .detail = foreign.empty()
                        ? "ours alone"
                        : "not ours: " + foreign +
                              "; what they hold is lost by purge-user, dedupe and undo, keep it in a "
                              "table of its own"};
}

}  // namespace ratings
