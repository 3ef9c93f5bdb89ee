#include "load/block_order.hpp"

namespace ratings {

void BlockOrder::pass(std::uint64_t number, std::uint64_t lines,
                      const std::function<void(std::uint64_t first_line)>& work) {
  {
    std::unique_lock lock{mutex_};
    turn_.wait(lock, [&] { return given_up_ || next_ == number; });
    if (given_up_) return;
  }
  // Nobody else's turn comes before next_ moves on, so the lock need not be held meanwhile.
  work(next_line_);
  const std::scoped_lock lock{mutex_};
  next_line_ += lines;
  ++next_;
  turn_.notify_all();
}

void BlockOrder::give_up() noexcept {
  const std::scoped_lock lock{mutex_};
  given_up_ = true;
  turn_.notify_all();
}

}  // namespace ratings
