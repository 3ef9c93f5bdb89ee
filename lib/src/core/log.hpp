#pragma once

// Logging inside the library; no public header includes this. One line an event: a fixed sentence, then
// key=value; a value that may hold blanks goes through quoted().
//   log::warn("redis left alone for a while seconds={}", 5);
// Thread-safe. The logging library itself stays in log.cpp and dropping_sink.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace ratings::log {

enum class Level { debug, info, warn, error };

/// "text" with \" \\ and \n, \t, \x1b for what would end the value or the line: a line is one event, and can
/// be taken apart again.
[[nodiscard]] std::string quoted(std::string_view text);

[[nodiscard]] bool enabled(Level level) noexcept;
void write(Level level, std::string_view line);

template <typename... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace ratings::log
