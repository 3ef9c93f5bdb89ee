#pragma once

#include "ratings/model.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace ratings::cmd {

/// User ids, one a line; blank lines and what follows a # are ignored. Error{usage} naming NAME:LINE.
[[nodiscard]] std::vector<UserId> read_user_ids(std::istream& input, const std::string& name);
/// "-" is standard input.
[[nodiscard]] std::vector<UserId> read_user_ids(const std::string& path);

}  // namespace ratings::cmd
