#pragma once

#include "csv/byte_source.hpp"

#include "ratings/loader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ratings {

/// One file of the command line.
struct Input {
  std::string path;
  csv::InputFacts facts;
  std::optional<ContentHash> hash;  ///< unknown for a pipe until it has been read
};

/// Checks everything that can be checked before any byte is read. Throws Error{usage} for options that make
/// no sense, Error{input} for a file that is missing, a directory or unreadable.
[[nodiscard]] std::vector<Input> check_inputs(const LoaderOptions& options);

/// The sum of the inputs' sizes; unknown when one is a pipe.
[[nodiscard]] std::optional<std::uint64_t> total_size(const std::vector<Input>& inputs);

}  // namespace ratings
