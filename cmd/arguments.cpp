#include "arguments.hpp"

#include "ratings/store.hpp"

#include <cstring>
#include <string_view>

namespace ratings::cmd {
namespace {

bool takes_address(std::string_view option) {
  return option == "--store" || option == "--store-read" || option == "--cache";
}

/// Where the address starts in `argument`: at 0 after an option of its own, behind the = of --store=…, npos:
/// none.
std::size_t address_start(std::string_view previous, std::string_view argument) {
  if (takes_address(previous)) return 0;
  const auto equals = argument.find('=');
  if (equals != std::string_view::npos && takes_address(argument.substr(0, equals))) return equals + 1;
  // A stray one, for example a forgotten --store.
  return argument.find("://") != std::string_view::npos ? 0 : std::string_view::npos;
}

void overwrite(char* memory, const std::string& shown) {
  const auto length = std::strlen(memory);
  for (std::size_t i = 0; i < length; ++i) memory[i] = i < shown.size() ? shown[i] : '\0';
}

}  // namespace

Arguments take_arguments(int argc, char** argv) {
  Arguments arguments;
  std::string previous;
  for (int i = 1; i < argc; ++i) {
    const auto& value = arguments.values.emplace_back(argv[i]);
    if (const auto start = address_start(previous, value); start != std::string::npos) {
      const auto address = value.substr(start);
      if (auto shown = redacted(address); shown != address) {
        overwrite(argv[i] + start, shown);
        arguments.secrets.emplace_back(address, std::move(shown));
      }
    }
    previous = value;
  }
  return arguments;
}

std::string without_secrets(std::string text, const Arguments& arguments) {
  for (const auto& [secret, shown] : arguments.secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + shown.size())) {
      text.replace(at, secret.size(), shown);
    }
  }
  return text;
}

}  // namespace ratings::cmd
