#pragma once

#include "postgres/copy_rows.hpp"
#include "postgres/copy_stream.hpp"
#include "store/exclusion_list.hpp"
#include "store/spool.hpp"

#include "ratings/model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ratings::postgres {

/// Rows ▸ COPY streams, each row to the stream of its user's partition, in order; rows of excluded users are
/// put aside. Not thread-safe. What it is made with must outlive it.
class RowRouter {
 public:
  RowRouter(const ExclusionList& excluded, std::vector<CopyStream*> streams);

  /// How many were put aside.
  std::size_t route(std::span<const Rating> rows);
  /// Sends what is still gathered; how many rows the streams were given in all.
  std::uint64_t flush();
  [[nodiscard]] Spool& held_back() noexcept { return held_back_; }

 private:
  const ExclusionList& excluded_;
  const std::vector<CopyStream*> streams_;
  std::vector<CopyRows> gathered_;  ///< one for each stream
  ExclusionList::Scratch scratch_;
  std::uint64_t sent_ = 0;
  Spool held_back_{"putting rows of excluded users aside"};
};

}  // namespace ratings::postgres
