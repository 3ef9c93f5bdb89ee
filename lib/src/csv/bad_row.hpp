#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ratings::csv {

/// Why a line is not a row. The codes are stable: scripts may rely on them.
enum class Fault {
  columns,     ///< E_COLS: more or fewer fields than the header
  integer,     ///< E_INT: an id or a time that is not all digits
  rating,      ///< E_RATING: a rating that is not a decimal number
  range,       ///< E_RANGE: a number outside its column's range
  quote,       ///< E_QUOTE: a quote that is not closed, or stands where none may
  nul,         ///< E_NUL: a NUL byte
  too_long,    ///< E_LONG: longer than kMaxLine
  blank,       ///< E_BLANK: nothing on the line
  end_marker,  ///< E_MARKER: \., where psql's \copy would stop without a word
  object,      ///< E_JSON: in NDJSON, a line that is not one JSON object
  keys,        ///< E_KEYS: an object that lacks a key, has it twice or has another one
  time,        ///< E_TIME: an object's timestamp that is not YYYY-MM-DD HH:MM:SS
};

[[nodiscard]] constexpr const char* code(Fault fault) noexcept {
  switch (fault) {
    case Fault::columns:
      return "E_COLS";
    case Fault::integer:
      return "E_INT";
    case Fault::rating:
      return "E_RATING";
    case Fault::range:
      return "E_RANGE";
    case Fault::quote:
      return "E_QUOTE";
    case Fault::nul:
      return "E_NUL";
    case Fault::too_long:
      return "E_LONG";
    case Fault::blank:
      return "E_BLANK";
    case Fault::end_marker:
      return "E_MARKER";
    case Fault::object:
      return "E_JSON";
    case Fault::keys:
      return "E_KEYS";
    case Fault::time:
      return "E_TIME";
  }
  return "";
}

/// A line that is not a row.
struct BadRow {
  std::uint64_t line = 0;         ///< from 1, the header's line counted
  std::uint64_t byte_offset = 0;  ///< where the line begins in the decompressed bytes
  Fault fault = Fault::columns;
  std::string reason;  ///< for people; printable whatever the line holds
};

/// Takes bad rows as they are met, in order. May throw, which ends the reading.
class BadRowSink {
 public:
  virtual ~BadRowSink() = default;
  virtual void bad_row(const BadRow& row) = 0;
  /// Once or more after each bad_row(): its original bytes, the line end included, in pieces if they are
  /// many.
  virtual void bad_bytes(std::string_view bytes) = 0;
};

}  // namespace ratings::csv
