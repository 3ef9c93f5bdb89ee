#pragma once

#include "csv/block.hpp"
#include "csv/byte_source.hpp"
#include "csv/content_hasher.hpp"

#include <string>
#include <vector>

namespace ratings::csv {

/// Bytes ▸ blocks of whole lines, in order, so that several threads can parse one file. Not thread-safe:
/// whoever takes the next block does so alone, which costs a copy out of the page cache and the hash, a tenth
/// of what parsing costs. Memory does not depend on the file's size nor on the length of its lines. The
/// source must outlive it. Throws Error{input} "NAME:1: reason" for a first line that tells no columns, and
/// what the source throws.
class BlockReader {
 public:
  /// Reads the first line. `name` stands in messages.
  BlockReader(ByteSource& source, const std::string& name, char delimiter);

  /// The next lines behind the header; false at the end of the file.
  [[nodiscard]] bool next(Block& block);

  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  /// The header without BOM and line end; for a file without one, the header it could have; empty for NDJSON.
  [[nodiscard]] const std::string& header() const noexcept { return header_; }
  /// The number of the first block's first line: 2 behind a header, 1 in a file without one.
  [[nodiscard]] std::uint64_t first_line() const noexcept { return first_line_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Of all bytes so far.
  [[nodiscard]] ContentHash hash() const { return hasher_.hash(); }

 private:
  void read_first_line(const std::string& name, char delimiter);
  [[nodiscard]] std::size_t read_more(std::span<char> into);

  ByteSource& source_;
  ContentHasher hasher_;
  Layout layout_;
  std::string header_;
  std::uint64_t first_line_ = 2;
  std::vector<char> rest_;  ///< read, but behind the last line end that was handed out
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  bool inside_ = false;  ///< a too long line is under way
  bool at_end_ = false;
};

}  // namespace ratings::csv
