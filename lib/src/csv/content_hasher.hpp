#pragma once

#include "ratings/load.hpp"

#include <memory>
#include <string_view>

namespace ratings::csv {

/// XXH3-128 of a stream, in the canonical (big-endian) byte order, so that a ledger can move between
/// machines. Not thread-safe.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  void update(std::string_view bytes);
  /// Of everything so far; more may follow.
  [[nodiscard]] ContentHash hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratings::csv
