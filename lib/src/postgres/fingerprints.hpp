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
/// Each lane adds from a thread of its own, a chunk's records one after another; nothing else is thread-safe.
class Fingerprints {
 public:
  static constexpr std::size_t kBuckets =
      1024;  ///< of a few 10,000 records: their table stays in the L2 cache
  static constexpr std::uint64_t kBits = (std::uint64_t{1} << 50U) - 1;  ///< what is kept of a fingerprint
  static constexpr std::uint32_t kMaxChunks = std::uint32_t{1} << 24U;

  /// The records of one print in one chunk.
  struct Candidate {
    std::uint64_t print = 0;  ///< its kBits
    std::uint32_t chunk = 0;
    std::uint32_t records = 0;
  };

  explicit Fingerprints(std::size_t lanes) : lanes_(lanes) {}

  void add(std::size_t lane, std::uint64_t print, std::uint32_t chunk) {
    lanes_[lane][(print >> 40U) % kBuckets].push_back(print << 24U | chunk);
  }

  /// Adds where the bucket's records that have a twin lie to `found`, and forgets the bucket. A million
  /// copies of one record are as few candidates as they fill chunks. How many records those are.
  std::uint64_t take_twins(std::size_t bucket, std::vector<Candidate>& found);

 private:
  using Buckets = std::array<std::deque<std::uint64_t>, kBuckets>;

  /// The slot of `print`, or where it belongs.
  [[nodiscard]] std::size_t slot_of(std::uint64_t print) const;
  void make_room();

  std::vector<Buckets> lanes_;
  // Of one bucket, by print and not by record, so that copies take no room:
  std::vector<std::uint64_t> firsts_;  ///< the first entry of each print
  std::vector<std::uint32_t> told_;    ///< number of the last candidate of each; 0: none
  std::vector<std::uint32_t> slots_;   ///< hash table: number of the first entry of a print
};

}  // namespace ratings::postgres
