#include "cache/gzip.hpp"

#include "ratings/cache.hpp"

#include <xxhash.h>

#include <array>
#include <mutex>
#include <string_view>

namespace ratings {
namespace {

constexpr std::size_t kGzipFloor = 1'000;
/// Set aside for the gzip copy: a third of the body. Level 1 needs a fifth to a quarter for histories
/// (tests/unit/cached_history_test.cpp measures it), and the cost of an entry must not grow once it is
/// stored.
constexpr std::size_t kGzipShare = 3;
/// Per entry: control block, list and hash nodes, malloc's headers.
constexpr std::size_t kOverhead = 256;

std::string etag_of(std::string_view body) {
  constexpr const char* digits = "0123456789abcdef";
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(body.data(), body.size()));
  std::string text = "W/\"";
  for (const unsigned char byte : hash.digest) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text + '"';
}

}  // namespace

struct CachedHistory::Gzip {
  std::once_flag once;
  std::string bytes;
};

CachedHistory::CachedHistory(UserId user, const Tag& tag, std::string body)
    : user_{user}, tag_{tag}, body_{std::move(body)}, etag_{etag_of(body_)}, gzip_{std::make_unique<Gzip>()} {
  body_.shrink_to_fit();  // what it costs is what it holds
}

CachedHistory::~CachedHistory() = default;

const std::string& CachedHistory::gzip() const {
  if (body_.size() >= kGzipFloor)
    std::call_once(gzip_->once, [this] { gzip_->bytes = ratings::gzip(body_); });
  return gzip_->bytes;
}

std::size_t CachedHistory::cost() const noexcept {
  const std::size_t reserve = body_.size() >= kGzipFloor ? body_.size() / kGzipShare : 0;
  return sizeof(CachedHistory) + sizeof(Gzip) + kOverhead + body_.capacity() + etag_.capacity() + reserve;
}

bool answers(Cache& cache) noexcept {
  const std::array<UserId, 1> nobody{UserId{-1}};
  return cache.erase(nobody);
}

}  // namespace ratings
