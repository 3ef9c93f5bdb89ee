#pragma once

#include "ratings/cache.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ratings::test {

struct CacheKind {
  std::string name;
  std::function<std::unique_ptr<Cache>()> make;
};

// Each program that runs the suite defines both.

/// The caches that are nobody else's.
[[nodiscard]] std::vector<CacheKind> unshared_caches();
/// Where servers share one; tests keep apart by the store's id.
[[nodiscard]] std::string shared_cache_url();

}  // namespace ratings::test
