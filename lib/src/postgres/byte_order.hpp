#pragma once

#include <cstddef>

/// PostgreSQL sends binary numbers in network byte order (manual, "Message Data Types").
namespace ratings::postgres {

template <typename Unsigned>
[[nodiscard]] Unsigned big_endian(const char* bytes) noexcept {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value = static_cast<Unsigned>(value << 8U | static_cast<unsigned char>(bytes[i]));
  return value;
}

}  // namespace ratings::postgres
