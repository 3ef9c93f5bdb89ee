#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ratings::test {

enum class Filter { gzip, zstd, xz };

[[nodiscard]] std::string compress(const std::string& text, Filter filter);

/// Name and content; a name that ends with / is a folder.
using Entries = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string make_zip(const Entries& entries);
[[nodiscard]] std::string make_tar(const Entries& entries);

}  // namespace ratings::test
