#pragma once

#include "common_options.hpp"

#include "ratings/cache.hpp"
#include "ratings/store.hpp"

#include <memory>
#include <span>

namespace ratings::cmd {

/// The copies of users' histories in Redis, if there is one. Removing them is a courtesy: a server refuses an
/// old copy anyway, because it is checked against the store before use.
class RedisCopies {
 public:
  /// Reads the store's id, which is part of every key; so it throws what a PositionReader throws.
  RedisCopies(const Settings& settings, const StoreOptions& store);

  [[nodiscard]] bool configured() const noexcept { return cache_ != nullptr; }
  void erase(std::span<const UserId> users);

  /// "none" (no Redis configured, or nothing was to be removed), "removed" or "unreachable".
  [[nodiscard]] const char* outcome() const noexcept;
  [[nodiscard]] bool unreachable() const noexcept { return failed_; }

 private:
  std::unique_ptr<Cache> cache_;
  bool asked_ = false;
  bool failed_ = false;
};

}  // namespace ratings::cmd
