#include "load/user_counter.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <iterator>
#include <optional>
#include <utility>

namespace ratings {
namespace {

constexpr std::int64_t kDense = std::int64_t{1} << 26;
constexpr std::size_t kWords = std::size_t{kDense} / 64;
constexpr std::size_t kBlock = 8192;
// So many are sorted in at a time, or a sixteenth of what is there: each is copied a few times only.
constexpr std::uint64_t kFew = 64UL * 1024;

std::size_t word(UserId user) { return static_cast<std::size_t>(user.value) / 64; }
std::uint64_t bit(UserId user) { return std::uint64_t{1} << (static_cast<std::uint64_t>(user.value) % 64); }

}  // namespace

UserCounter::UserCounter() : dense_(kWords) {}

void UserCounter::add(std::span<const Rating> rows) {
  std::optional<UserId> last;
  std::vector<UserId> sparse;
  for (const auto& row : rows) {
    if (row.user == last) continue;
    last = row.user;
    if (row.user.value < kDense) {
      const std::atomic_ref<std::uint64_t> bits{dense_[word(row.user)]};
      // Reading first: most users were met before, and a write would take the line from the other threads.
      if ((bits.load(std::memory_order_relaxed) & bit(row.user)) == 0)
        bits.fetch_or(bit(row.user), std::memory_order_relaxed);
    } else {
      sparse.push_back(row.user);
    }
  }
  if (!sparse.empty()) add_sparse(sparse);
}

void UserCounter::add_sparse(std::span<const UserId> users) {
  const std::scoped_lock lock{mutex_};
  late_.insert(late_.end(), users.begin(), users.end());
  if (late_.size() >= std::max(kFew, in_order_ / 16)) sort_in();
}

void UserCounter::sort_in() {
  std::sort(late_.begin(), late_.end());
  late_.erase(std::unique(late_.begin(), late_.end()), late_.end());
  auto blocks = std::exchange(sparse_, {});
  in_order_ = 0;
  Block both;
  auto from = late_.begin();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto to =
        i + 1 == blocks.size() ? late_.end() : std::lower_bound(from, late_.end(), blocks[i + 1].front());
    if (from == to) {
      in_order_ += blocks[i].size();
      sparse_.push_back(std::move(blocks[i]));
      continue;
    }
    both.clear();
    std::set_union(blocks[i].begin(), blocks[i].end(), from, to, std::back_inserter(both));
    blocks[i] = {};
    append_in_order(both);
    from = to;
  }
  late_.clear();
}

/// In blocks of about the same size: a small rest would stay one.
void UserCounter::append_in_order(std::span<const UserId> users) {
  in_order_ += users.size();
  for (auto blocks = (users.size() + kBlock - 1) / kBlock; blocks > 0; --blocks) {
    const auto block = users.first(users.size() / blocks);
    sparse_.emplace_back(block.begin(), block.end());
    users = users.subspan(block.size());
  }
}

bool UserCounter::met(UserId user) const {
  if (user.value < kDense) return (dense_[word(user)] & bit(user)) != 0;
  const auto behind =
      std::upper_bound(sparse_.begin() + 1, sparse_.end(), user,
                       [](UserId sought, const Block& block) { return sought < block.front(); });
  const auto& block = *(behind - 1);
  return std::binary_search(block.begin(), block.end(), user);
}

std::uint64_t UserCounter::count_without(std::span<const UserId> left_out) {
  sort_in();
  auto count = in_order_;
  for (std::size_t i = 0; i < kWords; ++i) count += static_cast<std::uint64_t>(std::popcount(dense_[i]));
  for (const auto user : left_out) count -= met(user) ? 1U : 0U;
  return count;
}

}  // namespace ratings
