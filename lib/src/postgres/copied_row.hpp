#pragma once

#include "ratings/model.hpp"

#include <string_view>

namespace ratings::postgres {

/// Reads what a binary COPY of user_id, movie_id, rating, "timestamp" sends (PostgreSQL manual, COPY, "Binary
/// Format"). One message holds whole rows, the first one the header before them. Not thread-safe.
class CopiedRows {
 public:
  /// The next message; must live until its last row is read.
  void begin(std::string_view message);
  /// False: this message has no more. Error{store} when it is not such a row.
  [[nodiscard]] bool next(Rating& row);

 private:
  template <typename Unsigned>
  Unsigned number();
  template <typename Unsigned>
  Unsigned field();

  std::string_view rest_;
  bool header_seen_ = false;
};

}  // namespace ratings::postgres
