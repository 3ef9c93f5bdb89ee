#pragma once

#include "csv/bad_row.hpp"
#include "csv/block.hpp"

#include <span>
#include <vector>

namespace ratings::csv {

/// A block's bytes ▸ ratings. Bad rows are only marked, so that the file's order can be kept when several
/// threads parse it: report() tells them, from the same block, when their turn has come. Not thread-safe; one
/// for each thread.
class BlockParser {
 public:
  explicit BlockParser(const Layout& layout);

  /// All good rows. They are good until the next call, and so must the block be for report().
  [[nodiscard]] std::span<const Rating> parse(const Block& block);

  /// Of the block parsed last: lines that begin in it, good or bad.
  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
  /// Tells the sink of the bad rows in order, with their bytes. `first_line`: number of the block's first
  /// line.
  void report(std::uint64_t first_line, BadRowSink& sink) const;

 private:
  /// 16 bytes: a block may hold nothing but bad rows.
  struct Spot {
    std::uint32_t offset = 0;  ///< in the block
    std::uint32_t size = 0;    ///< line end included
    std::uint32_t line = 0;    ///< 0 is the block's first
    bool continued = false;    ///< more bytes of a bad row that an earlier block began
  };

  void parse_plain_rows();
  void parse_one_line();
  [[nodiscard]] std::size_t line_end() const noexcept;
  void mark(std::size_t end, bool continued);

  const Layout layout_;
  const Block* block_ = nullptr;
  std::size_t at_ = 0;
  std::uint64_t lines_ = 0;
  std::vector<Rating> rows_;  ///< room for as many as a block can hold
  std::size_t count_ = 0;
  std::vector<Spot> bad_;
};

}  // namespace ratings::csv
