#include "http/send_budget.hpp"

#include <utility>

namespace ratings::http {

SendBudget::Hold::Hold(Hold&& other) noexcept
    : budget_{std::exchange(other.budget_, nullptr)},
      bytes_{other.bytes_},
      shared_{std::move(other.shared_)} {}

SendBudget::Hold& SendBudget::Hold::operator=(Hold&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  std::swap(shared_, other.shared_);
  other.release();  // at once, as an assignment's reader expects
  return *this;
}

void SendBudget::Hold::release() noexcept {
  if (auto* const budget = std::exchange(budget_, nullptr)) budget->give_back(bytes_, shared_.get());
  shared_.reset();
}

SendBudget::Hold SendBudget::hold(std::size_t bytes, Owner shared) {
  if (bytes < kLarge) {  // counting it for each client costs less than knowing who shares it
    return reserve(bytes, bytes_) ? Hold{*this, bytes, nullptr} : Hold{};
  }
  const auto limit = bytes_ - bytes_ / kShareOfSmall;
  if (!shared) return reserve(bytes, limit) ? Hold{*this, bytes, nullptr} : Hold{};

  const std::scoped_lock lock{mutex_};
  const auto found = shared_.find(shared.get());
  if (found != shared_.end()) {
    ++found->second.holds;
    return {*this, bytes, std::move(shared)};
  }
  if (!reserve(bytes, limit)) return {};
  try {
    shared_.emplace(shared.get(), Shared{.holds = 1, .bytes = bytes});
  } catch (...) {
    held_ -= bytes;
    throw;
  }
  return {*this, bytes, std::move(shared)};
}

bool SendBudget::reserve(std::size_t bytes, std::size_t limit) noexcept {
  auto held = held_.load();
  do {
    if (bytes > limit || held > limit - bytes) {
      ++refused_;
      return false;
    }
  } while (!held_.compare_exchange_weak(held, held + bytes));
  return true;
}

void SendBudget::give_back(std::size_t bytes, const void* shared) noexcept {
  if (shared != nullptr) {
    const std::scoped_lock lock{mutex_};
    const auto found = shared_.find(shared);
    if (--found->second.holds > 0) return;
    bytes = found->second.bytes;
    shared_.erase(found);
  }
  held_ -= bytes;
}

}  // namespace ratings::http
