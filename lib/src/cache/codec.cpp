#include "cache/codec.hpp"

#include <xxhash.h>

#include <cstdint>
#include <memory>
#include <new>
#include <optional>

namespace ratings::codec {
namespace {

constexpr std::string_view kMagic = "rths";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kChecksumAt = 56;

void append_number(std::string& out, std::uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::uint64_t number(std::string_view bytes, std::size_t at, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

std::optional<std::uint64_t> checksum(std::string_view header, std::string_view body) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state{XXH3_createState(), XXH3_freeState};
  if (!state) return std::nullopt;
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), header.data(), kChecksumAt);
  XXH3_64bits_update(state.get(), body.data(), body.size());
  return XXH3_64bits_digest(state.get());
}

Tag tag_in(std::string_view header) {
  Tag tag{.own = static_cast<std::int64_t>(number(header, 16, 8)),
          .read = {.position = static_cast<std::int64_t>(number(header, 24, 8)), .salt = {}}};
  for (std::size_t i = 0; i < tag.read.salt.bytes.size(); ++i) {
    tag.read.salt.bytes[i] = static_cast<unsigned char>(header[32 + i]);
  }
  return tag;
}

}  // namespace

std::string encode(const CachedHistory& value) {
  std::string out;
  out.reserve(kHeaderSize + value.body().size());
  out += kMagic;
  append_number(out, kVersion, 4);
  append_number(out, static_cast<std::uint64_t>(value.user().value), 8);
  append_number(out, static_cast<std::uint64_t>(value.tag().own), 8);
  append_number(out, static_cast<std::uint64_t>(value.tag().read.position), 8);
  for (const auto byte : value.tag().read.salt.bytes) out += static_cast<char>(byte);
  append_number(out, value.body().size(), 8);
  const auto sum = checksum(out, value.body());
  if (!sum) throw std::bad_alloc{};
  append_number(out, *sum, 8);
  return out += value.body();
}

CachedHistoryPtr decode(UserId user, std::string_view bytes) {
  if (bytes.size() < kHeaderSize || bytes.size() > kHeaderSize + kMaxBody) return nullptr;
  const auto header = bytes.substr(0, kHeaderSize);
  const auto body = bytes.substr(kHeaderSize);
  if (header.substr(0, kMagic.size()) != kMagic || number(header, 4, 4) != kVersion) return nullptr;
  if (number(header, 8, 8) != static_cast<std::uint64_t>(user.value)) return nullptr;
  if (number(header, 48, 8) != body.size()) return nullptr;
  if (checksum(header, body) != number(header, kChecksumAt, 8)) return nullptr;
  return std::make_shared<const CachedHistory>(user, tag_in(header), std::string{body});
}

std::string key(std::string_view store_id, UserId user) {
  std::string text = "ratings:";
  text += store_id;
  text += ":v1:u:";
  return text += std::to_string(user.value);
}

}  // namespace ratings::codec
