#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace ratings {

/// Lets threads that parsed blocks of a file in any order go on in the file's order, one at a time.
/// Thread-safe.
class BlockOrder {
 public:
  /// `first_line`: the number of the first block's first line.
  explicit BlockOrder(std::uint64_t first_line) : next_line_{first_line} {}

  /// Waits until all blocks before `number` have passed (they begin at 0, and none is left out), then runs
  /// `work`, which is told the number of the block's first line; the block has `lines` of them. Returns
  /// without having run it when somebody gave up. What `work` throws goes to the caller, who then must give
  /// up.
  void pass(std::uint64_t number, std::uint64_t lines,
            const std::function<void(std::uint64_t first_line)>& work);

  /// Nobody waits any more, and no further work is begun.
  void give_up() noexcept;
  [[nodiscard]] bool given_up() const noexcept { return given_up_; }

 private:
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0;
  std::uint64_t next_line_;
  std::atomic<bool> given_up_ = false;
};

}  // namespace ratings
