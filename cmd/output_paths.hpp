#pragma once

#include "ratings/loader.hpp"

#include <string>

namespace ratings::cmd {

/// What a load writes beside the store must not be what it reads, the store itself, or one another: throws
/// Error{usage} naming both before anything is written. `store`: its URL; `summary`: empty for none.
void check_output_paths(const LoaderOptions& loader, const std::string& summary, const std::string& store);

}  // namespace ratings::cmd
