#pragma once

#include "ratings/model.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace ratings::cmd {

/// User ids, one a line; blank lines, what follows a # and a byte order mark at the start are ignored.
/// Error{usage} naming NAME:LINE.
[[nodiscard]] std::vector<UserId> read_user_ids(std::istream& input, const std::string& name);
/// The users of a command that takes UID…, or - for standard input, or --from-file: what `words` and
/// `from_file` hold. Nothing when both are empty; Error{usage} when neither is.
[[nodiscard]] std::vector<UserId> chosen_users(const std::vector<std::string>& words,
                                               const std::string& from_file);
/// "-" is standard input.
[[nodiscard]] std::vector<UserId> read_user_ids(const std::string& path);

}  // namespace ratings::cmd
