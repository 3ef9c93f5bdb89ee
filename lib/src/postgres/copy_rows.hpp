#pragma once

#include "ratings/model.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ratings::postgres {

/// What add() writes, as COPY takes it: by name, because an operator may have added columns.
inline constexpr std::string_view kCopiedColumns = "(user_id, movie_id, rating, \"timestamp\")";

/// Rows in the format of a binary COPY (PostgreSQL manual, COPY, "Binary Format": no text, no escapes, no
/// `\.`), gathered until there are enough for one message. Not thread-safe.
class CopyRows {
 public:
  CopyRows();

  /// For the columns user_id, movie_id, rating, "timestamp". There must be room: not full().
  void add(const Rating& row) noexcept;
  /// The same followed by batch, generation, held_back, for the quarantine.
  void add_held_back(const Rating& row, std::int64_t batch, std::int64_t generation) noexcept;

  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return used_ == 0; }
  [[nodiscard]] std::string_view bytes() const noexcept { return {buffer_.data(), used_}; }
  void clear() noexcept { used_ = 0; }

 private:
  template <typename Unsigned>
  void put(Unsigned value) noexcept;
  void put_rating(const Rating& row) noexcept;

  std::vector<char> buffer_;
  std::size_t used_ = 0;
};

}  // namespace ratings::postgres
