#include "csv/content_hasher.hpp"

#include <xxhash.h>

#include <algorithm>
#include <new>

namespace ratings::csv {

struct ContentHasher::State {
  // XXH3's state needs 64-byte alignment, which its own allocator gives.
  XXH3_state_t* xxh3 = XXH3_createState();
  State() {
    if (xxh3 == nullptr) throw std::bad_alloc{};
    XXH3_128bits_reset(xxh3);
  }
  ~State() { XXH3_freeState(xxh3); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHasher::ContentHasher() : state_{std::make_unique<State>()} {}
ContentHasher::~ContentHasher() = default;

void ContentHasher::update(std::string_view bytes) {
  XXH3_128bits_update(state_->xxh3, bytes.data(), bytes.size());
}

ContentHash ContentHasher::hash() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->xxh3));
  ContentHash result;
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), result.bytes.begin());
  return result;
}

}  // namespace ratings::csv
