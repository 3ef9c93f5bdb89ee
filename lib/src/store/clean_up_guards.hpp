#pragma once

#include "ratings/cleanup.hpp"
#include "ratings/error.hpp"

#include <cstdint>
#include <string>

namespace ratings {

/// Error{guard} when a purge would take more rows than it may.
inline void guard_rows(std::uint64_t rows, const PurgeRequest& request) {
  if (!request.max_rows || rows <= *request.max_rows) return;
  throw Error{Kind::guard,
              "purging: " + std::to_string(rows) + " rows are more than --max-rows " +
                  std::to_string(*request.max_rows) + "; nothing was changed",
              Outcome::told};
}

/// Error{guard} when the batch is of an older generation and was not asked to be lifted only.
inline void guard_superseded(bool superseded, const UndoRequest& request) {
  if (!superseded || request.lift_only) return;
  throw Error{Kind::guard, "undoing " + request.batch +
                               ": the ratings have been replaced since; to lift its exclusion and give back "
                               "what later loads held back, run 'ratingsctl undo --lift " +
                               request.batch + "'"};
}

}  // namespace ratings
