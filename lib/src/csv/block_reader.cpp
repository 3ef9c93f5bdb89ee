#include "csv/block_reader.hpp"

#include "csv/header.hpp"
#include "csv/object_parser.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <cstring>

namespace ratings::csv {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// POSIX, "pax Interchange Format": "ustar" at 257 of the first member's header, which is full of NULs.
bool is_tar(std::string_view line) {
  constexpr std::string_view kMagic = "ustar";
  constexpr std::size_t kAt = 257;
  return line.size() > kAt && line.substr(kAt).starts_with(kMagic) && line.find('\0') < kAt;
}

std::string canonical_header(char delimiter) {
  std::string header = kColumnNames[0];
  for (std::size_t column = 1; column < kColumns; ++column)
    header += delimiter + std::string{kColumnNames[column]};
  return header;
}

}  // namespace

BlockReader::BlockReader(ByteSource& source, const std::string& name, char delimiter) : source_{source} {
  read_first_line(name, delimiter);
}

void BlockReader::read_first_line(const std::string& name, char delimiter) {
  const auto where = name + ":1: ";
  rest_.resize(kBlockSize);
  std::size_t size = 0;
  auto line_end = std::string_view::npos;
  while (line_end == std::string_view::npos && size < kLongestGood && !at_end_) {
    const auto got = read_more(std::span{rest_}.subspan(size));
    line_end = std::string_view{rest_.data() + size, got}.find('\n');
    if (line_end != std::string_view::npos) line_end += size;
    size += got;
  }
  rest_.resize(size);
  std::string_view text{rest_.data(), size};
  const std::size_t start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  if (start == size) throw Error{Kind::input, where + "the file is empty, not even a header is there"};
  const auto line =
      line_text(text.substr(start, line_end == std::string_view::npos ? line_end : line_end + 1 - start));
  if (is_tar(line)) {
    throw Error{Kind::input, where + "it is a tar archive, which load does not unpack; run 'tar -xOf " +
                                 name +
                                 " ratings.csv | ratingsctl load -', with the name that 'tar -tf' shows"};
  }
  const bool too_long = (line_end == std::string_view::npos && !at_end_) || line.size() > kMaxLine;
  // That of NDJSON tells nothing about the others, so it is a bad row like any other.
  if (too_long && !begins_object(line)) {
    throw Error{Kind::input, where + "the first line is longer than 64 KiB; is this a CSV file?"};
  }
  const auto first = csv::read_first_line(line, delimiter, where);
  layout_ = first.layout;
  if (layout_.syntax == Syntax::csv) header_ = first.is_row ? canonical_header(delimiter) : std::string{line};
  first_line_ = first.is_row ? 1 : 2;
  const auto taken = first.is_row ? start : std::min(line_end, size - 1) + 1;
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(taken));
}

bool BlockReader::next(Block& block) {
  auto* const bytes = block.bytes.data();
  std::copy(rest_.begin(), rest_.end(), bytes);
  block.offset = bytes_ - rest_.size();
  auto size = rest_.size();
  while (size < kBlockSize && !at_end_) size += read_more({bytes + size, kBlockSize - size});
  if (size == 0) return false;
  block.number = number_++;
  block.begins_inside = inside_;
  const auto line_end = std::string_view{bytes, size}.rfind('\n');
  const auto whole = line_end == std::string_view::npos ? 0 : line_end + 1;
  // At the end of the file the last line needs no line end; and one that can no longer be good need not wait
  // for it.
  inside_ = !at_end_ && (whole == 0 || size - whole >= kLongestGood);
  block.ends_inside = inside_;
  block.size = inside_ || at_end_ ? size : whole;
  rest_.assign(bytes + block.size, bytes + size);
  // What lies behind must not look like digits or a line end to the fast lane.
  std::memset(bytes + block.size, 0, kReadAhead);
  return true;
}

std::size_t BlockReader::read_more(std::span<char> into) {
  const auto got = source_.read(into);
  hasher_.update({into.data(), got});
  bytes_ += got;
  at_end_ = got == 0;
  return got;
}

}  // namespace ratings::csv
