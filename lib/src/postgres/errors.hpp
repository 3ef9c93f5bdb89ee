#pragma once

#include "ratings/error.hpp"

#include <string>
#include <string_view>

namespace ratings::postgres {

/// SQLSTATEs we decide on (PostgreSQL manual, appendix A).
namespace state {
inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kQueryCanceled = "57014";
inline constexpr std::string_view kUndefinedTable = "42P01";
inline constexpr std::string_view kUndefinedSchema = "3F000";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kReadOnly = "25006";
inline constexpr std::string_view kResources = "53000";
inline constexpr std::string_view kOther = "XX000";
}  // namespace state

/// The one place where a server's error becomes ours. `message` may span lines; the first is kept.
[[nodiscard]] Error translate(std::string_view attempted, std::string_view sqlstate,
                              std::string_view message);

/// What libpq says of a connection that cannot be made, and what to do about it.
[[nodiscard]] std::string not_connected(std::string_view message);

/// First line, without "ERROR:  " and its like.
[[nodiscard]] std::string first_line(std::string_view message);

}  // namespace ratings::postgres
