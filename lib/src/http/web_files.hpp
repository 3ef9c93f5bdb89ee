#pragma once

// The files of lib/web, compiled in: pages for people, what they need, and the API's description.

#include "http/responses.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace ratings::http {

struct WebContent {
  std::string_view path;  ///< of the request
  const char* type;
  std::string_view text;  ///< as it lies in lib/web
};

/// All of them, always in the same order.
[[nodiscard]] std::span<const WebContent> web_files();

/// Ready to be sent: hashed and compressed once. Thread-safe.
class WebContents {
 public:
  WebContents();
  /// `number`: in web_files().
  [[nodiscard]] Response answer(std::size_t number, const Conditions& conditions) const;

 private:
  std::vector<CachedHistoryPtr> contents_;
};

}  // namespace ratings::http
