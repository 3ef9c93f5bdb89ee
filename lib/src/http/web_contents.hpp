#pragma once

// The answers to requests for the files of lib/web.

#include "http/responses.hpp"

#include <cstddef>
#include <vector>

namespace ratings::http {

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
