#include "postgres/double_scan.hpp"

#include "postgres/byte_order.hpp"
#include "postgres/sql.hpp"
#include "store/distinct.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

namespace ratings::postgres {
namespace {

using namespace std::chrono_literals;

constexpr const char* kChildren =
    "SELECT relid::oid::bigint, pg_relation_size(relid), "
    "pg_relation_size(relid) / current_setting('block_size')::bigint "
    "FROM pg_partition_tree('public.ratings') WHERE isleaf ORDER BY 1";

/// 1 MB of table, 20,000 records: an answer of 240 kB, and a cancellation is noticed within milliseconds.
constexpr std::uint64_t kBlocksAtOnce = 128;
/// Of those of a children each; more children than this share a chunk only with more blocks.
constexpr std::uint64_t kBlocksOfAChild = 16;
/// Of a lane's own: below that its connection costs more than it saves.
constexpr std::size_t kChunksPerLane = 4;
/// Server and client work at the same time, so two cores are busy with two lanes already; a large server
/// gives a maintenance job no more than this.
constexpr std::size_t kMaxLanes = 4;
/// A chunk takes milliseconds; a disk that needs this long for a megabyte does not work.
constexpr Instant kChunkPatience = 5min;

constexpr std::uint64_t kPrintsAtOnce = 64UL * 1024 * 1024;  ///< 512 MB
/// 128 MB. Each round reads anew what part of the table its candidates lie in, so they should be few.
constexpr std::uint64_t kRecordsPerRound = 4UL * 1024 * 1024;
constexpr std::uint64_t kLeastRow =
    52;  ///< bytes of a record in a page: 24 of header, 24 of data, 4 of pointer

/// Few, because some users have 100,000 ratings.
constexpr std::size_t kUsersAtOnce = 100;
constexpr std::size_t kUsersPerRound = 1'000;
constexpr std::size_t kUserRowsAtOnce = 10'000;  ///< handed over under a lock

/// One number: 15 bits of child, 32 of block, 16 of offset.
constexpr unsigned kBlockBits = 32;
constexpr unsigned kOffsetBits = 16;

/// The elements of a bigint[] without NULLs in binary form: five words, then a length and a value each.
template <typename Take>
void each_int8(const Result& row, Take take) {
  if (row.null(0, 0)) return;
  const char* const begin = PQgetvalue(row.get(), 0, 0);
  const char* const end = begin + PQgetlength(row.get(), 0, 0);
  for (const char* at = begin + 20; at < end; at += 12) take(big_endian<std::uint64_t>(at + 4));
}

std::string tid(std::uint64_t block) { return "(" + std::to_string(block) + ",0)"; }

Param print_array(std::span<const Fingerprints::Candidate> candidates) {
  std::string text = "{";
  for (const auto& candidate : candidates) text += std::to_string(candidate.print) + ",";
  text.back() = '}';
  return text;
}

std::size_t lanes_for(std::size_t chunks) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(chunks / kChunksPerLane, 1, std::min(cores, kMaxLanes));
}

}  // namespace

DoubleScan::Table DoubleScan::table(pqxx::work& work) {
  Table table;
  for (const auto& row : exec_bound(work, kChildren)) {
    table.homes.push_back(row[0].as<std::int64_t>());
    table.bytes += row[1].as<std::uint64_t>();
    table.blocks = std::max(table.blocks, row[2].as<std::uint64_t>());
  }
  table.blocks_at_once = std::max({kBlocksAtOnce / std::max<std::uint64_t>(table.homes.size(), 1),
                                   kBlocksOfAChild, table.blocks / (Fingerprints::kMaxChunks - 1) + 1});
  return table;
}

DoubleScan::DoubleScan(pqxx::work& work, const std::string& conninfo, std::function<void()> give_up,
                       std::size_t records_at_once)
    : table_{table(work)},
      records_at_once_{records_at_once},
      readers_{work, conninfo, lanes_for(table_.chunks()), std::move(give_up)} {}

RowPlace DoubleScan::place(std::int64_t number) const {
  const auto bits = static_cast<std::uint64_t>(number);
  return {.home = table_.homes.at(bits >> (kBlockBits + kOffsetBits)),
          .block = static_cast<std::uint32_t>(bits >> kOffsetBits),
          .offset = static_cast<std::uint16_t>(bits)};
}

std::vector<Param> DoubleScan::range(std::size_t chunk) const {
  const auto first = chunk * table_.blocks_at_once;
  return {tid(first), tid(first + table_.blocks_at_once)};
}

void DoubleScan::add_records(const Result& rows, std::vector<PlacedRating>& records) const {
  for (int row = 0; row < rows.rows(); ++row) {
    const auto found = std::lower_bound(table_.homes.begin(), table_.homes.end(), rows.int8(row, 0));
    const auto home = static_cast<std::uint64_t>(found - table_.homes.begin());
    const char* const ctid = PQgetvalue(rows.get(), row, 1);
    const auto place = home << (kBlockBits + kOffsetBits) |
                       std::uint64_t{big_endian<std::uint32_t>(ctid)} << kOffsetBits |
                       big_endian<std::uint16_t>(ctid + 4);
    records.push_back({.rating = {.user = {rows.int8(row, 2)},
                                  .movie = {rows.int4(row, 3)},
                                  .score = rows.float4(row, 4),
                                  .timestamp = rows.int8(row, 5)},
                       .place = static_cast<std::int64_t>(place)});
  }
}

void DoubleScan::read_prints(Fingerprints& prints, std::uint64_t slice, std::uint64_t slices) {
  readers_.each(table_.chunks(), [&](std::size_t lane, Connection& connection, std::size_t chunk) {
    const auto row = connection.execute("looking for doubles", sql::dedupe_prints, range(chunk),
                                        boot_clock().now() + kChunkPatience);
    each_int8(row, [&](std::uint64_t print) {
      // By the bits that Fingerprints does not keep.
      if (((print >> 50U) * slices) >> 14U != slice) return;
      prints.add(lane, print, static_cast<std::uint32_t>(chunk));
    });
  });
}

void DoubleScan::read_suspects(std::vector<Fingerprints::Candidate>& candidates,
                               std::vector<PlacedRating>& records, const Examine& examine) {
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.chunk < b.chunk; });
  struct InChunk {
    std::span<const Fingerprints::Candidate> candidates;
    std::uint64_t records = 0;
  };
  std::vector<InChunk> chunks;
  for (const auto& candidate : candidates) {
    if (chunks.empty() || chunks.back().candidates.front().chunk != candidate.chunk)
      chunks.push_back({.candidates = {&candidate, 0}});
    auto& chunk = chunks.back();
    chunk.candidates = {chunk.candidates.data(), chunk.candidates.size() + 1};
    chunk.records += candidate.records;
  }
  std::mutex adding;
  ThinningLimit limit{records_at_once_};
  for (std::size_t first = 0; first < chunks.size();) {
    auto end = first;
    auto held = records.size();
    while (end < chunks.size() && (end == first || held + chunks[end].records <= limit.most()))
      held += chunks[end++].records;
    records.reserve(held);
    readers_.each(end - first, [&](std::size_t /*lane*/, Connection& connection, std::size_t number) {
      const auto& wanted = chunks[first + number].candidates;
      auto params = range(wanted.front().chunk);
      params.push_back(param(static_cast<std::int64_t>(Fingerprints::kBits)));
      params.push_back(print_array(wanted));
      const auto rows = connection.execute("reading what may be doubles", sql::dedupe_suspects, params,
                                           boot_clock().now() + kChunkPatience);
      const std::lock_guard guard{adding};
      add_records(rows, records);
    });
    first = end;
    examine(records, first == chunks.size() ? Portion::last : Portion::more);
    limit.thinned_to(records.size());
  }
}

void DoubleScan::everybody(const Examine& examine) {
  const auto slices = table_.bytes / kLeastRow / kPrintsAtOnce + 1;
  std::vector<Fingerprints::Candidate> candidates;
  std::vector<PlacedRating> records;
  for (std::uint64_t slice = 0; slice < slices; ++slice) {
    Fingerprints prints{readers_.count()};
    read_prints(prints, slice, slices);
    for (std::size_t bucket = 0; bucket < Fingerprints::kBuckets;) {
      candidates.clear();
      std::uint64_t expected = 0;
      while (bucket < Fingerprints::kBuckets && expected < kRecordsPerRound)
        expected += prints.take_twins(bucket++, candidates);
      records.clear();
      read_suspects(candidates, records, examine);
    }
  }
}

/// Row by row, because one user may have any number of copies.
void DoubleScan::add_user_records(Connection& connection, std::span<const UserId> users,
                                  const Add& add) const {
  const std::vector<Param> params{param(users)};
  std::vector<PlacedRating> some;
  // No deadline: the others' doubles may be taken between two rows. The server has limits of its own.
  connection.each_row("reading the users' ratings", sql::dedupe_users, params, kNoDeadline,
                      [&](const Result& row) {
                        add_records(row, some);
                        if (some.size() < kUserRowsAtOnce) return;
                        add(some);
                        some.clear();
                      });
  add(some);
}

void DoubleScan::users(std::span<const UserId> users, const Examine& examine) {
  const auto wanted = distinct(users);
  std::vector<PlacedRating> records;
  std::mutex adding;
  for (std::size_t first = 0; first < wanted.size(); first += kUsersPerRound) {
    const auto round = std::span{wanted}.subspan(first, std::min(kUsersPerRound, wanted.size() - first));
    records.clear();
    ThinningLimit limit{records_at_once_};
    const auto add = [&](std::vector<PlacedRating>& some) {
      const std::lock_guard guard{adding};
      if (records.size() + some.size() > limit.most()) {
        examine(records, Portion::more);
        limit.thinned_to(records.size());
      }
      records.insert(records.end(), some.begin(), some.end());
    };
    readers_.each((round.size() + kUsersAtOnce - 1) / kUsersAtOnce,
                  [&](std::size_t /*lane*/, Connection& connection, std::size_t number) {
                    const auto begin = number * kUsersAtOnce;
                    add_user_records(connection,
                                     round.subspan(begin, std::min(kUsersAtOnce, round.size() - begin)), add);
                  });
    examine(records, Portion::last);
  }
}

}  // namespace ratings::postgres
