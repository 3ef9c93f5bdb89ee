#pragma once

#include "csv/bad_row.hpp"
#include "csv/byte_source.hpp"
#include "csv/content_hasher.hpp"
#include "csv/line_parser.hpp"

#include <string>
#include <vector>

namespace ratings::csv {

// The grammar. Anything else is a bad row, with the reason and the code of the first rule it breaks.
//
//   file        = [ BOM ] first { line-end line } [ line-end ] ;       at least `first`
//   first       = header | row ;                                       a row: columns in the order of
//   kColumnNames header      = field { delimiter field } ;                          each needed name once,
//   others are ignored line        = row | bad ; row         = field { delimiter field } ; as many fields as
//   the first line field       = { text } | quote { text | delimiter | quote quote } quote ; line-end    = LF
//   | CR LF ;                                         may change from line to line text        = any byte but
//   NUL, LF, quote and delimiter ;          a CR before the LF belongs to the line end user-id     = digit {
//   digit } ;                                    0 … 2^63-1 movie-id    = digit { digit } ; 0 … 2^31-1
//   timestamp   = digit { digit } ;                                    0 … 253402300799
//   rating      = ( digit { digit } [ "." { digit } ] | "." digit { digit } ) [ exponent ] ;       0 … 10
//   exponent    = ( "e" | "E" ) [ "+" | "-" ] digit { digit } ;
//   delimiter   = one byte ;   quote = '"' ;   BOM = EF BB BF ;
//
// A line without its line end has 1 … kMaxLine bytes. The rating is the float nearest to the decimal; one
// that has none (1e400, 1e-50) is refused. A line that is just \. is refused, because psql's \copy would stop
// there silently.

inline constexpr std::size_t kMaxLine = 64UL * 1024;

/// Bytes ▸ ratings. Memory does not depend on the file's size nor on the length of its lines.
/// Not thread-safe. The source and the sink must outlive it. Throws Error{input} "NAME:1: reason" for a first
/// line that tells no columns, and what the source and the sink throw.
class CsvReader {
 public:
  /// Reads the first line. `name` stands in messages.
  CsvReader(ByteSource& source, const std::string& name, char delimiter, BadRowSink& bad_rows);

  /// The next rows, up to some thousands, good until the next call; empty at the end. Bad rows met on the way
  /// have gone to the sink.
  [[nodiscard]] std::span<const Rating> next();

  /// The header without BOM and line end; for a file without one, the header it could have.
  [[nodiscard]] const std::string& header() const noexcept { return header_; }
  /// Lines so far that are not the header, good or bad; counted apart from what was handed out.
  [[nodiscard]] std::uint64_t lines() const noexcept { return line_ - (has_header_ ? 1 : 0); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return base_ + end_; }
  /// Of all bytes so far.
  [[nodiscard]] ContentHash hash() const { return hasher_.hash(); }

 private:
  struct Line {
    std::string_view text;  ///< without its line end
    std::string_view all;
  };

  void read_first_line(const std::string& name, char delimiter);
  void parse_plain_rows();
  [[nodiscard]] bool parse_one_line();
  [[nodiscard]] bool find_line_end();
  [[nodiscard]] Line take_line();
  void take_long_line();
  void refuse(const Line& line, Mistake mistake);
  [[nodiscard]] bool refill();

  ByteSource& source_;
  BadRowSink& bad_rows_;
  Layout layout_;
  std::string header_;
  bool has_header_ = false;
  ContentHasher hasher_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;     ///< the current line
  std::size_t line_end_ = 0;  ///< behind its LF, or the end of the file
  std::size_t end_ = 0;       ///< of the bytes in the buffer
  std::uint64_t base_ = 0;    ///< the buffer's place in the file
  bool at_end_ = false;       ///< the source is exhausted
  std::uint64_t line_ = 0;    ///< lines begun
  std::vector<Rating> rows_;
  std::size_t count_ = 0;
};

}  // namespace ratings::csv
