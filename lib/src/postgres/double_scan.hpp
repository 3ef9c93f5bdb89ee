#pragma once

#include "postgres/fingerprints.hpp"
#include "postgres/session.hpp"
#include "postgres/snapshot_readers.hpp"
#include "store/doubles.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ratings::postgres {

/// A record's place as one number, in the order of the children and of their rows.
struct RowPlace {
  std::int64_t home = 0;  ///< the child's OID
  std::uint32_t block = 0;
  std::uint16_t offset = 0;
};

/// Finds what DoubleFinder must see of ratings, without a sort on the server and in bounded memory: a first
/// reading sends a fingerprint of each record, a second one those records whose fingerprint came twice.
/// Holds 8 bytes a record, at most 512 MB (of a larger table it reads slice after slice), and 128 MB of
/// records, however many of them are copies of one. Both readings are spread over all readers. Not
/// thread-safe.
class DoubleScan {
 public:
  enum class Portion { last, more };
  /// Given the records of whole events, any number of times; or, of events of very many, a portion of them
  /// and Portion::more: what is left in `records` then comes again, together with the next one. By one thread
  /// at a time, which need not be the caller's.
  using Examine = std::function<void(std::vector<PlacedRating>& records, Portion portion)>;

  static constexpr std::size_t kRecordsAtOnce = 1'000'000;  ///< 32 MB

  /// Over `work`'s snapshot. `give_up` as SnapshotReaders has it. Hands over `records_at_once` and a chunk of
  /// the table; more, when so many are left that are no copies of each other.
  DoubleScan(pqxx::work& work, const std::string& conninfo, std::function<void()> give_up,
             std::size_t records_at_once = kRecordsAtOnce);

  void everybody(const Examine& examine);
  void users(std::span<const UserId> users, const Examine& examine);

  [[nodiscard]] RowPlace place(std::int64_t number) const;

 private:
  struct Table {
    std::vector<std::int64_t> homes;  ///< the children, ascending
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;  ///< of the largest
    std::uint64_t blocks_at_once = 1;
    [[nodiscard]] std::size_t chunks() const { return (blocks + blocks_at_once - 1) / blocks_at_once; }
  };

  static Table table(pqxx::work& work);
  [[nodiscard]] std::vector<Param> range(std::size_t chunk) const;
  void read_prints(Fingerprints& prints, std::uint64_t slice, std::uint64_t slices);
  void read_suspects(std::vector<Fingerprints::Candidate>& candidates, std::vector<PlacedRating>& records,
                     const Examine& examine);
  void add_records(const Result& rows, std::vector<PlacedRating>& records) const;
  using Add = std::function<void(std::vector<PlacedRating>& some)>;
  void add_user_records(Connection& connection, std::span<const UserId> users, const Add& add) const;

  const Table table_;
  const std::size_t records_at_once_;
  SnapshotReaders readers_;
};

}  // namespace ratings::postgres
