#include "csv/csv_reader.hpp"

#include "csv/header.hpp"
#include "csv/plain_row.hpp"

#include <cstring>

namespace ratings::csv {
namespace {

// Fits a second-level cache together with the rows; larger ones read no faster.
constexpr std::size_t kBufferSize = 256UL * 1024;
constexpr std::size_t kBatchRows = 8192;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// A line that may still be good: kMaxLine bytes and CR LF.
constexpr std::size_t kLongestGood = kMaxLine + 2;
static_assert(kBufferSize > 2 * kLongestGood);

std::string canonical_header(char delimiter) {
  std::string header = kColumnNames[0];
  for (std::size_t column = 1; column < kColumns; ++column)
    header += delimiter + std::string{kColumnNames[column]};
  return header;
}

}  // namespace

CsvReader::CsvReader(ByteSource& source, const std::string& name, char delimiter, BadRowSink& bad_rows)
    : source_{source}, bad_rows_{bad_rows}, buffer_(kBufferSize + kReadAhead), rows_(kBatchRows) {
  read_first_line(name, delimiter);
}

void CsvReader::read_first_line(const std::string& name, char delimiter) {
  const auto where = name + ":1: ";
  const bool found = find_line_end();
  if (found && std::string_view{buffer_.data(), end_}.starts_with(kByteOrderMark))
    begin_ = kByteOrderMark.size();
  if (begin_ == end_) throw Error{Kind::input, where + "the file is empty, not even a header is there"};
  const auto start = begin_;
  const auto line = found ? take_line() : Line{};
  if (!found || line.text.size() > kMaxLine) {
    throw Error{Kind::input, where + "the first line is longer than 64 KiB; is this a CSV file?"};
  }
  const auto first = csv::read_first_line(line.text, delimiter, where);
  layout_ = first.layout;
  has_header_ = !first.is_row;
  header_ = has_header_ ? std::string{line.text} : canonical_header(delimiter);
  if (first.is_row) {
    begin_ = start;
    line_ = 0;
  }
}

std::span<const Rating> CsvReader::next() {
  count_ = 0;
  do {
    if (layout_.is_plain()) parse_plain_rows();
  } while (count_ < kBatchRows && parse_one_line());
  return std::span{rows_}.first(count_);
}

void CsvReader::parse_plain_rows() {
  const char* text = buffer_.data() + begin_;
  const auto before = count_;
  while (count_ < kBatchRows) {
    const char* after = parse_plain_row(text, layout_.delimiter, rows_[count_]);
    if (after == nullptr) break;
    text = after;
    ++count_;
  }
  line_ += count_ - before;
  begin_ = static_cast<std::size_t>(text - buffer_.data());
}

bool CsvReader::parse_one_line() {
  if (!find_line_end()) {
    take_long_line();
    return true;
  }
  if (begin_ == end_) return false;
  const auto line = take_line();
  if (line.text.size() > kMaxLine) {
    refuse(line, {Fault::too_long, "the line is longer than 64 KiB"});
    return true;
  }
  auto parsed = parse_line(line.text, layout_);
  if (auto* mistake = std::get_if<Mistake>(&parsed)) {
    refuse(line, std::move(*mistake));
  } else {
    rows_[count_++] = std::get<Rating>(parsed);
  }
  return true;
}

/// False when the line is too long to be good and its end is not in the buffer.
bool CsvReader::find_line_end() {
  std::size_t searched = begin_;
  while (true) {
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (found != nullptr) {
      line_end_ = static_cast<std::size_t>(found - buffer_.data()) + 1;
      return true;
    }
    if (end_ - begin_ >= kLongestGood) return false;
    const auto kept = end_ - begin_;
    if (!refill()) {
      line_end_ = end_;
      return true;
    }
    searched = begin_ + kept;
  }
}

CsvReader::Line CsvReader::take_line() {
  const std::string_view all{buffer_.data() + begin_, line_end_ - begin_};
  begin_ = line_end_;
  ++line_;
  auto text = all;
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
  }
  return {.text = text, .all = all};
}

void CsvReader::take_long_line() {
  ++line_;
  bad_rows_.bad_row({.line = line_,
                     .byte_offset = base_ + begin_,
                     .fault = Fault::too_long,
                     .reason = "the line is longer than 64 KiB"});
  while (true) {
    const auto* found = static_cast<const char*>(std::memchr(buffer_.data() + begin_, '\n', end_ - begin_));
    const auto until = found == nullptr ? end_ : static_cast<std::size_t>(found - buffer_.data()) + 1;
    bad_rows_.bad_bytes({buffer_.data() + begin_, until - begin_});
    begin_ = until;
    if (found != nullptr || !refill()) return;
  }
}

void CsvReader::refuse(const Line& line, Mistake mistake) {
  const auto start = static_cast<std::size_t>(line.all.data() - buffer_.data());
  bad_rows_.bad_row({.line = line_,
                     .byte_offset = base_ + start,
                     .fault = mistake.fault,
                     .reason = std::move(mistake.reason)});
  bad_rows_.bad_bytes(line.all);
}

/// Moves what is left to the front and reads on; false at the end of the source.
bool CsvReader::refill() {
  if (at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  base_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  const auto got = source_.read(std::span{buffer_}.subspan(end_, kBufferSize - end_));
  hasher_.update({buffer_.data() + end_, got});
  end_ += got;
  // What lies behind must not look like digits or a line end to the fast lane.
  std::memset(buffer_.data() + end_, 0, kReadAhead);
  at_end_ = got == 0;
  return !at_end_;
}

}  // namespace ratings::csv
