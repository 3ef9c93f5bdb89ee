#pragma once

#include "csv/bad_row.hpp"

#include "ratings/model.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

namespace ratings::csv {

// clang-format off
// The grammar. Anything else is a bad row, with the reason and the code of the first rule it breaks.
//
//   file        = [ BOM ] ( csv | ndjson ) ;                       ndjson: "{" is its first byte but for blanks
//   csv         = first { line-end line } [ line-end ] ;   at least `first`
//   first       = header | row ;                                   a row: columns in the order of kColumnNames
//   header      = field { delimiter field } ;                      each needed name once, others are ignored
//   line        = row | bad ;
//   row         = field { delimiter field } ;                      as many fields as the first line
//   field       = { text } | quote { text | delimiter | quote quote } quote ;
//   ndjson      = object { line-end object } [ line-end ] ;        see object_parser.hpp
//   line-end    = LF | CR LF ;                                     may change from line to line
//   text        = any byte but NUL, LF, quote and delimiter ;      a CR before the LF belongs to the line end
//   user-id     = digit { digit } ;                                0 … 2^63-1
//   movie-id    = digit { digit } ;                                0 … 2^31-1
//   timestamp   = digit { digit } ;                                0 … 253402300799
//   rating      = ( digit { digit } [ "." { digit } ] | "." digit { digit } ) [ exponent ] ;   0 … 10
//   exponent    = ( "e" | "E" ) [ "+" | "-" ] digit { digit } ;
//   delimiter   = one byte ;   quote = '"' ;   BOM = EF BB BF ;
//
// A line without its line end has 1 … kMaxLine bytes. The rating is the float nearest to the decimal; one that has none
// (1e400, 1e-50) is refused. A line that is just \. is refused, because psql's \copy would stop there silently.
// clang-format on

inline constexpr std::size_t kMaxLine = 64UL * 1024;

/// The four columns we need, in the order of a file without a header.
enum class Column : std::size_t { user, movie, rating, timestamp };
inline constexpr std::size_t kColumns = 4;
inline constexpr std::array<const char*, kColumns> kColumnNames{"userId", "movieId", "rating", "timestamp"};

enum class Syntax { csv, ndjson };

/// How a file's lines are read: which field of a line holds which column.
struct Layout {
  char delimiter = ',';
  std::size_t fields = kColumns;                     ///< in every line
  std::array<std::size_t, kColumns> at{0, 1, 2, 3};  ///< by Column
  Syntax syntax = Syntax::csv;                       ///< ndjson: the above means nothing

  [[nodiscard]] bool is_plain() const noexcept {
    return syntax == Syntax::csv && fields == kColumns && at == Layout{}.at;
  }
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

/// `line` without its line end, if it has one.
[[nodiscard]] constexpr std::string_view line_text(std::string_view line) noexcept {
  if (!line.ends_with('\n')) return line;
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// A whole line without its line end, by the full grammar of its syntax.
[[nodiscard]] std::variant<Rating, Mistake> parse_line(std::string_view line, const Layout& layout);

/// At most 40 bytes of `text` between quotes, what cannot be printed as \xHH.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace ratings::csv
