#pragma once

// Logging inside the library; no public header includes this. One line an event: a fixed sentence, then
// key=value; a value that may hold blanks goes through quoted().
//   log::warn("redis left alone for a while seconds={}", 5);
// Thread-safe. The logging library itself stays in log.cpp and dropping_sink.
#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ratings::log {

enum class Level { debug, info, warn, error };

/// "text" with \" \\ and \n, \t, \x1b for what would end the value or the line: a line is one event, and can
/// be taken apart again.
[[nodiscard]] std::string quoted(std::string_view text);

[[nodiscard]] bool enabled(Level level) noexcept;
void write(Level level, std::string_view line);

/// What a line looks like. json: an object with time, level, message, and the fields of an event.
enum class Format { text, json };
[[nodiscard]] Format format() noexcept;

/// A value with a name, for what programs look for in a log.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};
/// In a text log: sentence name=value name="a value".
void event(Level level, std::string_view sentence, std::initializer_list<Field> fields);

/// For a sink that has something to say itself: `line` as the formatter wants it.
[[nodiscard]] std::string payload(std::string_view line);

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
