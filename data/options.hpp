// The command line of ratings-generate.
#pragma once

#include "roles.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace maker {

extern const char* const kHelp;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::uint64_t rows = 100'000;
  std::optional<std::uint64_t> users;
  std::uint64_t seed = 1;
  std::uint64_t doubles = 0;  ///< in hundredths of a percent
  std::string out;
  std::optional<Shares> bots;
  std::string bots_list;
};

/// nullopt: help was asked for. Throws UsageError.
std::optional<Options> parse_arguments(const std::vector<std::string_view>& arguments);

}  // namespace maker
