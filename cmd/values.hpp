#pragma once

#include "ratings/model.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ratings::cmd {

/// Text to value, for arguments, environment and configuration file alike. All throw Error{usage}.

/// 0|[1-9][0-9]*, at most 2⁶³−1.
[[nodiscard]] UserId parse_user_id(const std::string& text);
[[nodiscard]] MovieId parse_movie_id(const std::string& text);
[[nodiscard]] std::uint64_t parse_count(const std::string& text);
/// 1 or more.
[[nodiscard]] std::uint64_t parse_limit(const std::string& text);
/// 1 … 65535.
[[nodiscard]] int parse_port(const std::string& text);
/// 1 … kMaxJobs.
[[nodiscard]] std::size_t parse_jobs(const std::string& text);
/// 256M, 1G, 65536, 0: bytes, with 1024 as the step.
[[nodiscard]] std::size_t parse_size(const std::string& text);
[[nodiscard]] std::chrono::seconds parse_seconds(const std::string& text);
/// 90d, 12h, 0d.
[[nodiscard]] std::chrono::seconds parse_age(const std::string& text);
[[nodiscard]] std::chrono::milliseconds parse_milliseconds(const std::string& text);
/// Seconds since 1970 from a date, a date with time, or a number.
[[nodiscard]] std::int64_t parse_moment(const std::string& text);
[[nodiscard]] float parse_score(const std::string& text);
/// One byte that cannot be part of a field; "tab" for a tabulator.
[[nodiscard]] char parse_delimiter(const std::string& text);
[[nodiscard]] std::string parse_batch_name(const std::string& text);
/// What stands between the commas of a list; without a comma the text itself. A comma beside nothing is an
/// error.
[[nodiscard]] std::vector<std::string> parse_list(const std::string& text);
/// Anything but nothing.
[[nodiscard]] std::string parse_file_name(const std::string& text);

}  // namespace ratings::cmd
