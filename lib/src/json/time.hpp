#pragma once

// Calendar arithmetic, UTC, proleptic Gregorian.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ratings::json {

inline constexpr std::int64_t kSecondsPerDay = 86400;
/// Length of "YYYY-MM-DD HH:MM:SS".
inline constexpr std::size_t kTimeLength = 19;

struct Date {
  std::int64_t year = 0;
  unsigned month = 0;  ///< 1 … 12
  unsigned day = 0;    ///< 1 … 31
};

/// `days` since 1970-01-01.
[[nodiscard]] Date date_of(std::int64_t days) noexcept;
[[nodiscard]] std::int64_t days_since_1970(const Date& date) noexcept;

/// "YYYY-MM-DD HH:MM:SS" for 0 … kMaxTimestamp.
void append_time(std::string& text, std::int64_t timestamp);
/// Exactly that form, with `separator` between date and time; nullopt for anything else or an impossible
/// date.
[[nodiscard]] std::optional<std::int64_t> read_time(std::string_view text, char separator) noexcept;

}  // namespace ratings::json
