#pragma once

#include "csv/line_parser.hpp"
#include "csv/plain_row.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ratings::csv {

// Fits a second-level cache together with its rows; larger ones read no faster.
inline constexpr std::size_t kBlockSize = 256UL * 1024;

/// A line that may still be good: kMaxLine bytes and CR LF.
inline constexpr std::size_t kLongestGood = kMaxLine + 2;
static_assert(kBlockSize > 2 * kLongestGood);

/// Whole lines of a file, except that a line too long to be good may reach over several blocks. The buffer is
/// made once and used again for block after block.
struct Block {
  std::vector<char> bytes = std::vector<char>(kBlockSize + kReadAhead);  ///< zeros behind `size`
  std::size_t size = 0;
  std::uint64_t number = 0;    ///< 0, 1, 2 … in the file's order
  std::uint64_t offset = 0;    ///< of its first byte in the decompressed file
  bool begins_inside = false;  ///< its first bytes belong to a too long line that began in an earlier block
  bool ends_inside = false;    ///< its last line is too long and goes on in the next block

  [[nodiscard]] std::string_view text() const noexcept { return {bytes.data(), size}; }
};

}  // namespace ratings::csv
