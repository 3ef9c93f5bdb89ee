#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace ratings::postgres {

/// Which of very many records share a fingerprint with another, in 8 bytes a record: 40 bits of the
/// fingerprint, 24 for the chunk of the table that the record lies in, 10 by the bucket. So a candidate is
/// almost certainly a twin, never more than that: 26 million records that are all different give none.
/// Each lane adds from a thread of its own; nothing else is thread-safe.
class Fingerprints {
 public:
  static constexpr std::size_t kBuckets =
      1024;  ///< of a few 10,000 records: their table stays in the L2 cache
  static constexpr std::uint64_t kBits = (std::uint64_t{1} << 50U) - 1;  ///< what is kept of a fingerprint
  static constexpr std::uint32_t kMaxChunks = std::uint32_t{1} << 24U;

  struct Candidate {
    std::uint64_t print = 0;  ///< its kBits
    std::uint32_t chunk = 0;
  };

  explicit Fingerprints(std::size_t lanes) : lanes_(lanes) {}

  void add(std::size_t lane, std::uint64_t print, std::uint32_t chunk) {
    lanes_[lane][(print >> 40U) % kBuckets].push_back(print << 24U | chunk);
  }

  /// Adds every record of the bucket that has a twin to `found`, and forgets the bucket.
  void take_twins(std::size_t bucket, std::vector<Candidate>& found);

 private:
  using Buckets = std::array<std::deque<std::uint64_t>, kBuckets>;

  std::vector<Buckets> lanes_;
  std::vector<std::uint64_t> entries_;  ///< of one bucket
  std::vector<std::uint32_t> slots_;    ///< its hash table: number of the first entry of a print
};

}  // namespace ratings::postgres
