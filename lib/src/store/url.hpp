#pragma once

#include <filesystem>
#include <string>

namespace ratings {

/// The file behind sqlite:PATH: absolute, symbolic links resolved, so that one file has one lock.
/// Error{usage} for an empty path and for :memory: (every connection would have a store of its own).
[[nodiscard]] std::filesystem::path embedded_path(const std::string& url);

}  // namespace ratings
