#pragma once

#include "ratings/cache.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace ratings::codec {

/// What a shared cache holds for one user. Numbers are little-endian:
///
///   offset  0  magic "rths"
///           4  format version, 4 bytes: 1
///           8  user id, 8
///          16  the user's own position, 8
///          24  position of the read, 8
///          32  salt of that position, 16
///          48  length of the body, 8
///          56  XXH3-64 over bytes 0 … 55 and the body, 8
///          64  the body
///
/// The user id is there although it is in the key: a reply that went to the wrong question must not be shown.
inline constexpr std::size_t kHeaderSize = 64;

/// Larger bodies are not shared: reading one takes longer than a command's budget on a busy network, and one
/// would push out hundreds of ordinary histories.
inline constexpr std::size_t kMaxBody = std::size_t{1024} * 1024;

/// `value.body()` must be at most kMaxBody long.
[[nodiscard]] std::string encode(const CachedHistory& value);

/// Null for anything that encode() did not make for `user`: wrong magic, version, user, length or checksum.
[[nodiscard]] CachedHistoryPtr decode(UserId user, std::string_view bytes);

/// "ratings:<store_id>:v1:u:<user>". No braces: they would choose a slot in a Redis cluster.
[[nodiscard]] std::string key(std::string_view store_id, UserId user);

}  // namespace ratings::codec
