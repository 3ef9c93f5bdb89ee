#include "json/time.hpp"

#include "ratings/history_view.hpp"

#include <algorithm>
#include <charconv>

namespace ratings::json {
namespace {

constexpr std::size_t kDateLength = 10;      // YYYY-MM-DD
constexpr std::size_t kTimeOfDayLength = 8;  // HH:MM:SS

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A number of exactly text.size() digits.
std::optional<unsigned> digits(std::string_view text) noexcept {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

void put_two(char* at, unsigned value) noexcept {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

/// Days since 1970 of "YYYY-MM-DD".
std::optional<std::int64_t> read_date(std::string_view text) noexcept {
  if (text.size() != kDateLength || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1) return std::nullopt;

  // A day that the month does not have would come back as a day of the next month.
  const auto days = days_since_1970({.year = *year, .month = *month, .day = *day});
  if (date_of(days).day != *day) return std::nullopt;
  return days;
}

/// Seconds since midnight of "HH:MM:SS"; no leap seconds.
std::optional<std::int64_t> read_time_of_day(std::string_view text) noexcept {
  if (text.size() != kTimeOfDayLength || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3, 2));
  const auto second = digits(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::int64_t{*hour} * 3600 + *minute * 60 + *second;
}

}  // namespace

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days and days_from_civil: the
// year begins in March, so that the leap day is its last; an era is 400 years or 146,097 days, and 719,468
// days lie between 0000-03-01 and 1970-01-01.
Date date_of(std::int64_t days) noexcept {
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(shifted - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0), .month = month, .day = day};
}

std::int64_t days_since_1970(const Date& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
  const unsigned day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + std::int64_t{day_of_era} - 719468;
}

void append_time(std::string& text, std::int64_t timestamp) {
  const auto date = date_of(timestamp / kSecondsPerDay);
  const auto second = static_cast<unsigned>(timestamp % kSecondsPerDay);
  const auto year = static_cast<unsigned>(date.year);
  std::array<char, kTimeLength> buffer{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0',
                                       ' ', '0', '0', ':', '0', '0', ':', '0', '0'};
  put_two(&buffer[0], year / 100);
  put_two(&buffer[2], year % 100);
  put_two(&buffer[5], date.month);
  put_two(&buffer[8], date.day);
  put_two(&buffer[11], second / 3600);
  put_two(&buffer[14], second / 60 % 60);
  put_two(&buffer[17], second % 60);
  text.append(buffer.data(), buffer.size());
}

std::optional<std::int64_t> read_time(std::string_view text, char separator) noexcept {
  if (text.size() != kTimeLength || text[kDateLength] != separator) return std::nullopt;
  const auto days = read_date(text.substr(0, kDateLength));
  const auto seconds = read_time_of_day(text.substr(kDateLength + 1));
  if (!days || !seconds) return std::nullopt;
  return *days * kSecondsPerDay + *seconds;
}

}  // namespace ratings::json

namespace ratings {

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (const auto days = json::read_date(text)) return *days * json::kSecondsPerDay;
  // ISO 8601 has a T and, for UTC, a Z; our own answers have a blank and no Z.
  const auto local = text.ends_with('Z') ? text.substr(0, text.size() - 1) : text;
  for (const char separator : {' ', 'T'}) {
    if (const auto time = json::read_time(local, separator)) return time;
  }

  if (text.empty() || !std::all_of(text.begin(), text.end(), json::is_digit)) return std::nullopt;
  std::int64_t seconds = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{}) return std::nullopt;
  if (seconds > kMaxTimestamp) return std::nullopt;
  return seconds;
}

std::string format_time(std::int64_t timestamp) {
  std::string text;
  json::append_time(text, timestamp);
  return text;
}

}  // namespace ratings
