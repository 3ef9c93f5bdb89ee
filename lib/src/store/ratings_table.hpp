#pragma once

#include "ratings/store.hpp"

#include <string>
#include <string_view>

namespace ratings {

/// Why the table that is called ratings cannot be used, and what to do about it. `fault`: what the store's
/// ratings_fault.sql gives. `anew`: how to begin anew, which gives the old ratings up.
[[nodiscard]] inline std::string table_fault(std::string_view table, std::string_view fault,
                                             std::string_view anew) {
  auto text = "the table " + std::string{table};
  if (fault == "missing") {
    text += " is missing: renamed, or dropped";
  } else {
    text.append(" is not the one that ratingsctl made: ").append(fault);
  }
  return text.append("; give ours back its name and its form, or restore a backup; to begin anew, ")
      .append(anew);
}

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
