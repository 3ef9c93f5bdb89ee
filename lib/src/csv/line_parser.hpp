#pragma once

#include "csv/bad_row.hpp"

#include "ratings/model.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

namespace ratings::csv {

/// The four columns we need, in the order of a file without a header.
enum class Column : std::size_t { user, movie, rating, timestamp };
inline constexpr std::size_t kColumns = 4;
inline constexpr std::array<const char*, kColumns> kColumnNames{"userId", "movieId", "rating", "timestamp"};

/// Which field of a line holds which column.
struct Layout {
  char delimiter = ',';
  std::size_t fields = kColumns;                     ///< in every line
  std::array<std::size_t, kColumns> at{0, 1, 2, 3};  ///< by Column

  [[nodiscard]] bool is_plain() const noexcept { return fields == kColumns && at == Layout{}.at; }
};

struct Mistake {
  Fault fault = Fault::columns;
  std::string reason;
};

/// A line's fields one after the other, quotes removed ("" inside a quoted field stays as it is: no value we
/// need can hold a quote). Not thread-safe; the line must outlive it.
class FieldCursor {
 public:
  FieldCursor(std::string_view line, char delimiter) : rest_{line}, delimiter_{delimiter} {}
  /// nullopt after the last field, and at a broken quote.
  [[nodiscard]] std::optional<std::string_view> next();
  /// Why next() stopped early.
  [[nodiscard]] const std::optional<Mistake>& mistake() const noexcept { return mistake_; }

 private:
  [[nodiscard]] std::optional<std::string_view> next_quoted();

  std::string_view rest_;
  char delimiter_;
  bool done_ = false;
  std::optional<Mistake> mistake_;
};

/// A whole line without its line end, by the full grammar (csv_reader.hpp).
[[nodiscard]] std::variant<Rating, Mistake> parse_line(std::string_view line, const Layout& layout);

/// At most 40 bytes of `text` between quotes, what cannot be printed as \xHH.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace ratings::csv
