#pragma once

#include "ratings/model.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace ratings {

/// How many distinct users were met, exactly. Thread-safe. Ids are dense in practice, so they are bits, 8 MB
/// of them; ids from 2²⁶ on are kept in order, in blocks, so that nothing large is ever moved: 8 to 16 bytes
/// each.
class UserCounter {
 public:
  UserCounter();

  void add(std::span<const Rating> rows);
  /// Those met, without the ones in `left_out`. Not while others add.
  [[nodiscard]] std::uint64_t count_without(std::span<const UserId> left_out);

 private:
  void add_sparse(std::span<const UserId> users);
  void sort_in();
  void append_in_order(std::span<const UserId> users);
  [[nodiscard]] bool met(UserId user) const;

  std::vector<std::uint64_t> dense_;
  using Block = std::vector<UserId>;
  std::mutex mutex_;              ///< of those below
  std::vector<Block> sparse_{1};  ///< in order, each once; only the first may be empty
  std::uint64_t in_order_ = 0;    ///< how many are in sparse_
  std::vector<UserId> late_;      ///< as they came, not yet in sparse_
};

}  // namespace ratings
