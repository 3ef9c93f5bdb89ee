#pragma once

#include "ratings/model.hpp"

#include <bit>
#include <cstdint>

namespace ratings::postgres {

/// Which of `modulus` hash partitions of ratings a user belongs to: PostgreSQL's own function for one bigint
/// column (hashint8extended in access/hash/hashfunc.c, hash_bytes_uint32_extended in common/hashfn.c,
/// hash_combine64 and HASH_PARTITION_SEED in partitioning/partbounds.c; the lookup3 hash of Bob Jenkins). It
/// is part of the on-disk format and thus the same in every version since 11; and the server checks each row,
/// so that a mistake here could lose nothing.
[[nodiscard]] constexpr std::uint32_t partition_of(UserId user, std::uint32_t modulus) noexcept {
  constexpr std::uint64_t kSeed = 0x7A5B22367996DCFDU;
  constexpr std::uint64_t kCombine = 0x49A0F4DD15E5A8E3U;
  const auto value = static_cast<std::uint64_t>(user.value);
  const auto high = static_cast<std::uint32_t>(value >> 32U);
  const auto key = static_cast<std::uint32_t>(value) ^ (user.value >= 0 ? high : ~high);
  std::uint32_t a = 0x9E3779B9U + 4U + 3923095U;
  std::uint32_t b = a;
  std::uint32_t c = a;
  a += static_cast<std::uint32_t>(kSeed >> 32U);
  b += static_cast<std::uint32_t>(kSeed);
  const auto mix = [](std::uint32_t& x, std::uint32_t y, std::uint32_t& z, int bits) {
    x = (x - z) ^ std::rotl(z, bits);
    z += y;
  };
  mix(a, b, c, 4);
  mix(b, c, a, 6);
  mix(c, a, b, 8);
  mix(a, b, c, 16);
  mix(b, c, a, 19);
  mix(c, a, b, 4);
  a += key;
  const auto last = [](std::uint32_t& x, std::uint32_t y, int bits) { x = (x ^ y) - std::rotl(y, bits); };
  last(c, b, 14);
  last(a, c, 11);
  last(b, a, 25);
  last(c, b, 16);
  last(a, c, 4);
  last(b, a, 14);
  last(c, b, 24);
  const auto hash = (static_cast<std::uint64_t>(b) << 32U | c) + kCombine;
  return static_cast<std::uint32_t>(hash % modulus);
}

}  // namespace ratings::postgres
