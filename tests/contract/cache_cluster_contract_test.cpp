#include "cache_contract.hpp"
#include "support/servers.hpp"

namespace ratings::test {

std::vector<CacheKind> unshared_caches() { return {}; }

std::string shared_cache_url() { return redis_cluster_url(); }

}  // namespace ratings::test
