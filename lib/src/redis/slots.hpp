#pragma once

#include <cstdint>
#include <string_view>

namespace ratings::redis {

/// A Redis Cluster spreads its keys over so many slots (Redis Cluster specification, "Key distribution
/// model").
inline constexpr std::uint16_t kSlots = 16'384;

/// CRC-16/XMODEM: polynomial 0x1021, begins with 0, nothing reflected. "123456789" is 0x31C3.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes) noexcept;

/// Where a key lies. What stands between the first '{' and the next '}', if anything, decides alone.
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

}  // namespace ratings::redis
