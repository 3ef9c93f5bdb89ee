#include "load/user_counter.hpp"

#include <atomic>
#include <bit>
#include <optional>

namespace ratings {
namespace {

constexpr std::int64_t kDense = std::int64_t{1} << 26;
constexpr std::size_t kWords = std::size_t{kDense} / 64;

std::size_t word(UserId user) { return static_cast<std::size_t>(user.value) / 64; }
std::uint64_t bit(UserId user) { return std::uint64_t{1} << (static_cast<std::uint64_t>(user.value) % 64); }

}  // namespace

UserCounter::UserCounter() : dense_(kWords) {}

void UserCounter::add(std::span<const Rating> rows) {
  std::optional<UserId> last;
  for (const auto& row : rows) {
    if (row.user == last) continue;
    last = row.user;
    if (row.user.value < kDense) {
      const std::atomic_ref<std::uint64_t> bits{dense_[word(row.user)]};
      // Reading first: most users were met before, and a write would take the line from the other threads.
      if ((bits.load(std::memory_order_relaxed) & bit(row.user)) == 0)
        bits.fetch_or(bit(row.user), std::memory_order_relaxed);
    } else {
      const std::scoped_lock lock{mutex_};
      sparse_.insert(row.user);
    }
  }
}

bool UserCounter::met(UserId user) const {
  return user.value < kDense ? (dense_[word(user)] & bit(user)) != 0 : sparse_.contains(user);
}

std::uint64_t UserCounter::count_without(std::span<const UserId> left_out) const {
  std::uint64_t count = sparse_.size();
  for (std::size_t i = 0; i < kWords; ++i) count += static_cast<std::uint64_t>(std::popcount(dense_[i]));
  for (const auto user : left_out) count -= met(user) ? 1U : 0U;
  return count;
}

}  // namespace ratings
