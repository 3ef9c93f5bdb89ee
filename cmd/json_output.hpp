#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace ratings::cmd {

/// Keys in the order they were set, as the manual lists them.
using Json = nlohmann::ordered_json;

/// One line. Bytes that are not UTF-8 (a file's name) become U+FFFD: the output is always valid JSON.
[[nodiscard]] std::string to_line(const Json& json);
void print_json(const Json& json);
/// {"error":{"code":…,"message":…}}, the shape of the server's errors.
[[nodiscard]] Json error_json(const std::string& code, const std::string& message);

}  // namespace ratings::cmd
