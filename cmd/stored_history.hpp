#pragma once

#include "configuration.hpp"

#include "ratings/store.hpp"

#include <string>

namespace ratings::cmd {

/// A user's ratings straight from the store that the settings name, for `command`. Waits 10 s at most; throws
/// Error as HistoryReader::history() does.
[[nodiscard]] History read_stored_history(const Settings& settings, const std::string& command, UserId user);

}  // namespace ratings::cmd
