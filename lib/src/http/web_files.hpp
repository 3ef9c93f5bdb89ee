#pragma once

// The files of lib/web, compiled in: pages for people, what they need, and the API's description.

#include <span>
#include <string_view>

namespace ratings::http {

struct WebContent {
  std::string_view path;  ///< of the request
  const char* type;
  std::string_view text;  ///< as it lies in lib/web
};

/// All of them, always in the same order.
[[nodiscard]] std::span<const WebContent> web_files();

}  // namespace ratings::http
