#include "cache_contract.hpp"

#include "support/fake_cache.hpp"
#include "support/servers.hpp"

namespace ratings::test {

std::vector<CacheKind> unshared_caches() {
  return {{"memory", [] { return make_memory_cache(32 * 1024 * 1024); }},
          {"fake", [] { return std::make_unique<FakeCache>(); }}};
}

std::string shared_cache_url() { return redis_url(); }

}  // namespace ratings::test
