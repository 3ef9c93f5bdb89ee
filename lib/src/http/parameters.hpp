#pragma once

// The query of a request.

#include "http/request.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace ratings::http {

using Parameters = std::map<std::string, std::string, std::less<>>;

/// Decodes `query` ("a=1&b=2"); refuses repeated names and names that are not in `allowed`.
[[nodiscard]] std::variant<Refusal, Parameters> parse_parameters(std::string_view query,
                                                                 std::span<const std::string_view> allowed);

/// The parameters of GET /rates/{uid}; a cursor brings those of the page before.
[[nodiscard]] Route rates_of_user(UserId user, const Parameters& parameters);

/// The `uid` of GET /rates?uid=…
[[nodiscard]] Route rates_of_users(const Parameters& parameters);

}  // namespace ratings::http
