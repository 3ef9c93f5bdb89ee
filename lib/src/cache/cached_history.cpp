#include "cache/gzip.hpp"

#include "ratings/cache.hpp"

#include <xxhash.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string_view>
#include <vector>

namespace ratings {
namespace {

/// So that every node of a cluster holds one of the keys: with even shares one is left out once in e¹⁶ times.
constexpr std::size_t kKeysANode = 16;
constexpr std::size_t kGzipFloor = 1'000;
/// Compressing runs at some 150 MB/s on the path of the first request that wants it, and others wait for it.
/// 16 MiB, 250,000 ratings, keeps that near 0.1 s; a history of 1,000,000 would take half a second.
constexpr std::size_t kGzipCeiling = std::size_t{16} * 1024 * 1024;
/// From here on glibc gives a block a mapping of its own (M_MMAP_THRESHOLD, which `serve` fixes), whose
/// untouched pages cost nothing; a copy of the right size would need the whole once more for a moment.
constexpr std::size_t kOwnMapping = std::size_t{128} * 1024;
constexpr std::size_t kPage = 4096;
/// Set aside for the gzip copy: a third of the body. Level 1 needs a fifth to a quarter for histories
/// (tests/unit/cached_history_test.cpp measures it), and the cost of an entry must not grow once it is
/// stored.
constexpr std::size_t kGzipShare = 3;
/// Per entry: control block 16, list node 48, hash node 32, its share of the buckets 16, malloc's headers and
/// rounding 48. tests/e2e/memory_test.py compares the sum with the process's memory.
constexpr std::size_t kOverhead = 160;
/// Blocks of different sizes that take turns leave holes between them, which malloc neither fills nor gives
/// back: 9 to 42 % were measured with evictions all the time (tests/e2e/memory_test.py), most near 18 %. An
/// eighth is charged for them, so that the limit is near what the process holds, and not far below it.
constexpr std::size_t kHoles = 8;

bool is_compressed(std::string_view body) { return body.size() >= kGzipFloor && body.size() <= kGzipCeiling; }

std::array<char, 36> etag_of(std::string_view body) {
  constexpr const char* digits = "0123456789abcdef";
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(body.data(), body.size()));
  std::array<char, 36> text{'W', '/', '"'};
  auto* at = text.begin() + 3;
  for (const unsigned char byte : hash.digest) {
    *at++ = digits[byte >> 4U];
    *at++ = digits[byte & 15U];
  }
  *at = '"';
  return text;
}

}  // namespace

struct CachedHistory::Gzip {
  std::once_flag once;
  std::string bytes;
  std::atomic<bool> made{false};
};

CachedHistory::CachedHistory(UserId user, const Tag& tag, std::string body)
    : user_{user},
      tag_{tag},
      body_{std::move(body)},
      etag_{etag_of(body_)},
      gzip_{is_compressed(body_) ? std::make_unique<Gzip>() : nullptr} {
  if (body_.size() < kOwnMapping) body_.shrink_to_fit();  // what it costs is what it holds
}

CachedHistory::~CachedHistory() = default;

const std::string& CachedHistory::gzip() const {
  static const std::string kNone;
  if (!gzip_) return kNone;
  std::call_once(gzip_->once, [this] {
    gzip_->bytes = ratings::gzip(body_);
    gzip_->made = true;
  });
  return gzip_->bytes;
}

bool CachedHistory::gzip_made() const noexcept { return !gzip_ || gzip_->made; }

std::size_t CachedHistory::cost() const noexcept {
  const std::size_t reserve = gzip_ ? sizeof(Gzip) + body_.size() / kGzipShare : 0;
  const std::size_t own = sizeof(CachedHistory) + kOverhead + reserve;
  if (body_.size() >= kOwnMapping) return own + body_.size() + kPage;
  return own + body_.capacity() + (body_.capacity() + reserve) / kHoles;
}

bool answers(Cache& cache) noexcept try {
  const std::array<UserId, 1> nobody{UserId{-1}};
  if (!cache.erase(nobody)) return false;
  const auto redis = cache.figures().redis;
  if (redis && redis->breaker_open) return false;  // it removes, and keeps nothing
  if (!redis || !redis->cluster) return true;
  std::vector<UserId> scattered;
  const auto count = kKeysANode * redis->cluster->nodes.size();
  for (std::size_t i = 0; i < count; ++i) scattered.push_back(UserId{-2 - static_cast<std::int64_t>(i)});
  return cache.erase(scattered);
} catch (const std::exception&) {  // no memory
  return false;
}

}  // namespace ratings
