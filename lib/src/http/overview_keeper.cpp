#include "http/overview_keeper.hpp"

#include "core/log.hpp"

#include "ratings/service.hpp"

namespace ratings::http {
namespace {

constexpr std::chrono::seconds kBetweenReads{1};

}  // namespace

OverviewKeeper::Seen OverviewKeeper::look() noexcept {
  const auto now = clock_.now();
  const auto due = [&] { return reader_ != nullptr && (!tried_ || now - *tried_ >= kBetweenReads); };
  std::unique_lock lock{mutex_};
  if (!reading_ && due()) {
    reading_ = true;
    tried_ = now;
    lock.unlock();
    auto found = read();
    lock.lock();
    reading_ = false;
    failed_ = found == nullptr;
    if (found) {
      last_ = std::move(found);
      last_at_ = now;
    }
  }
  return {.overview = last_,
          .age = last_ ? clock_.now() - last_at_ : std::chrono::nanoseconds{0},
          .failed = failed_};
}

std::shared_ptr<const StoreOverview> OverviewKeeper::read() noexcept {
  try {
    return std::make_shared<const StoreOverview>(reader_->overview(clock_.now() + kRequestDeadline));
  } catch (const std::exception& error) {
    log::warn("the overview for /ops.json was not read error={}", log::quoted(error.what()));
    return nullptr;
  }
}

}  // namespace ratings::http
