#include "redis_copies.hpp"

#include "ratings/clock.hpp"
#include "ratings/error.hpp"
#include "ratings/rating_scan.hpp"

namespace ratings::cmd {
namespace {

constexpr std::chrono::seconds kStoreIdInTime{5};  // there is no second try, unlike in serve

}  // namespace

RedisCopies::RedisCopies(const Settings& settings, const StoreOptions& store) {
  auto options = redis_options(settings);
  if (!options) return;
  const auto positions = open_position_reader(store);
  const auto deadline = boot_clock().now() + kStoreIdInTime;
  try {
    options->store_id = positions->changes_since(std::nullopt, deadline).state.store_id;
  } catch (const Error&) {
    static_cast<void>(open_rating_scan(store));  // knows a database that is not ours, or empty, and says so
    throw;
  }
  cache_ = make_redis_cache(*options);
}

void RedisCopies::erase(std::span<const UserId> users) {
  if (!cache_ || users.empty()) return;
  asked_ = true;
  failed_ = !cache_->erase(users);  // the last time counts: it comes when nobody can put a copy back
}

const char* RedisCopies::outcome() const noexcept {
  if (failed_) return "unreachable";
  return asked_ ? "removed" : "none";
}

}  // namespace ratings::cmd
