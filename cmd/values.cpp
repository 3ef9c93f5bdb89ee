#include "values.hpp"

#include "ratings/error.hpp"
#include "ratings/history_view.hpp"
#include "ratings/loader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace ratings::cmd {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& wanted) {
  throw Error{Kind::usage, "'" + text + "' is not " + wanted};
}

/// Digits alone, without leading zeros: one number has one spelling.
template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  Number number{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

}  // namespace

UserId parse_user_id(const std::string& text) {
  const auto number = whole_number<std::int64_t>(text);
  if (!number)
    refuse(text, "a user id (a number without sign or leading zeros, at most 9223372036854775807)");
  return {*number};
}

MovieId parse_movie_id(const std::string& text) {
  const auto number = whole_number<std::int32_t>(text);
  if (!number) refuse(text, "a movie id (a number without sign or leading zeros, at most 2147483647)");
  return {*number};
}

std::uint64_t parse_count(const std::string& text) {
  const auto number = whole_number<std::uint64_t>(text);
  if (!number) refuse(text, "a number");
  return *number;
}

std::uint64_t parse_limit(const std::string& text) {
  const auto number = whole_number<std::uint64_t>(text);
  if (!number || *number == 0) refuse(text, "a number of 1 or more");
  return *number;
}

int parse_port(const std::string& text) {
  constexpr std::uint64_t kHighest = 65535;
  const auto port = parse_count(text);
  if (port == 0 || port > kHighest) throw Error{Kind::usage, "'" + text + "' is not a port"};
  return static_cast<int>(port);
}

std::size_t parse_jobs(const std::string& text) {
  const auto number = whole_number<std::size_t>(text);
  if (!number || *number == 0 || *number > kMaxJobs)
    refuse(text, "a number from 1 to " + std::to_string(kMaxJobs));
  return *number;
}

std::size_t parse_size(const std::string& text) {
  std::string_view digits = text;
  unsigned shift = 0;
  if (!digits.empty()) {
    constexpr std::string_view units = "KMG";
    const auto unit =
        units.find(digits.back() >= 'a' ? static_cast<char>(digits.back() - 'a' + 'A') : digits.back());
    if (unit != std::string_view::npos) {
      shift = 10U * (static_cast<unsigned>(unit) + 1U);
      digits.remove_suffix(1);
    }
  }
  const auto number = whole_number<std::size_t>(digits);
  if (!number || *number > (std::numeric_limits<std::size_t>::max() >> shift)) {
    refuse(text, "a size such as 64M, 1G or 0");
  }
  return *number << shift;
}

std::chrono::seconds parse_seconds(const std::string& text) {
  constexpr std::int64_t kLongest = 3600;  // a drain that takes longer than an hour is a mistake
  const auto number = whole_number<std::int64_t>(text);
  if (!number || *number > kLongest) refuse(text, "a number of seconds from 0 to 3600");
  return std::chrono::seconds{*number};
}

std::chrono::seconds parse_age(const std::string& text) {
  constexpr std::int64_t kLongest = 36'500;  // days: a century, which no clock arithmetic minds
  constexpr std::int64_t kHours = 24;
  const bool days = text.ends_with('d');
  const auto number = whole_number<std::int64_t>(std::string_view{text}.substr(0, text.size() - 1));
  if (text.empty() || (!days && !text.ends_with('h')) || !number ||
      *number > kLongest * (days ? 1 : kHours)) {
    refuse(text, "an age in days or hours such as 90d or 12h");
  }
  return std::chrono::hours{*number * (days ? kHours : 1)};
}

std::chrono::milliseconds parse_milliseconds(const std::string& text) {
  constexpr std::int64_t kLongest = 60'000;  // as StoreAdmin::set_delta
  const auto number = whole_number<std::int64_t>(text);
  if (!number || *number > kLongest) refuse(text, "a number of milliseconds from 0 to 60000");
  return std::chrono::milliseconds{*number};
}

std::int64_t parse_moment(const std::string& text) {
  const auto moment = parse_time(text);
  if (!moment) refuse(text, "a time (2016-10-16, 2016-10-16T12:30:00 or seconds since 1970, UTC)");
  return *moment;
}

float parse_score(const std::string& text) {
  float score = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, score);
  const bool plain = !text.empty() && text.front() >= '0' && text.front() <= '9';  // no sign, no inf, no nan
  if (!plain || failed != std::errc{} || stopped != end || score > kMaxScore)
    refuse(text, "a rating from 0 to 10");
  return score;
}

char parse_delimiter(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  constexpr std::string_view never = "\"\r\n.0123456789";
  if (text.size() != 1 || never.find(text.front()) != std::string_view::npos || text.front() == '\0') {
    refuse(text, "a delimiter (one byte that no field contains, or tab)");
  }
  return text.front();
}

std::string parse_batch_name(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_name_byte)) {
    refuse(text, "the name of a batch; 'ratingsctl batches' lists them");
  }
  return text;
}

std::vector<std::string> parse_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto comma = text.find(','); comma != std::string::npos; comma = text.find(',', begin)) {
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(text.substr(begin));
  if (parts.size() > 1 && std::find(parts.begin(), parts.end(), "") != parts.end())
    refuse(text, "a list: nothing stands on one side of a comma");
  return parts;
}

std::string parse_file_name(const std::string& text) {
  if (text.empty()) refuse(text, "the name of a file");
  return text;
}

}  // namespace ratings::cmd
