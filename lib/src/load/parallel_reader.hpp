#pragma once

#include "csv/bad_row.hpp"
#include "csv/block_reader.hpp"
#include "load/block_order.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>

namespace ratings {

/// One input, parsed by several threads, the lanes. A lane takes the next block, alone; parses it beside the
/// other lanes; and hands on its rows and bad rows when those of all earlier blocks have been handed on. So
/// everything goes on in the file's order, and a file sorted by user stays sorted, whatever the number of
/// lanes.
class ParallelReader {
 public:
  struct Callbacks {
    /// On the lanes, at the same time.
    std::function<void(std::span<const Rating> rows)> count;
    /// In the file's order, one call at a time; gives back how many were held back.
    std::function<std::size_t(std::span<const Rating> rows)> append;
    /// Told how many lines have been read, from time to time; one call at a time.
    std::function<void(std::uint64_t lines)> watch;
  };

  struct Tally {
    std::uint64_t lines = 0;
    std::uint64_t loaded = 0;
    std::uint64_t held_back = 0;
  };

  ParallelReader(csv::BlockReader& blocks, csv::BadRowSink& bad_rows, const std::atomic<bool>& stop)
      : blocks_{blocks}, bad_rows_{bad_rows}, stop_{stop}, order_{blocks.first_line()} {}

  /// Reads to the end of the input. Throws the first error of any lane, the sink's and the callbacks' among
  /// them, and Error{interrupted} when told to stop. Once.
  [[nodiscard]] Tally run(std::size_t lanes, const Callbacks& callbacks);

 private:
  void run_lane(const Callbacks& callbacks);
  [[nodiscard]] bool take(csv::Block& block, const Callbacks& callbacks);

  csv::BlockReader& blocks_;
  csv::BadRowSink& bad_rows_;
  const std::atomic<bool>& stop_;
  BlockOrder order_;  ///< guards tally_ but for its lines, and bad_rows_
  Tally tally_;
  std::mutex taking_;  ///< guards blocks_
  std::atomic<std::uint64_t> lines_ = 0;
};

}  // namespace ratings
