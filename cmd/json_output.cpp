#include "json_output.hpp"

#include "output.hpp"

namespace ratings::cmd {

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print_json(const Json& json) { print(to_line(json)); }

Json error_json(const std::string& code, const std::string& message) {
  return {{"error", {{"code", code}, {"message", message}}}};
}

}  // namespace ratings::cmd
