#include "ratings/cleanup.hpp"
#include "ratings/load.hpp"
#include "ratings/service.hpp"

namespace ratings {

const char* to_string(UserStatus status) noexcept {
  switch (status) {
    case UserStatus::purged:
      return "purged";
    case UserStatus::already_excluded:
      return "already_excluded";
    case UserStatus::unknown:
      return "unknown";
    case UserStatus::restored:
      return "restored";
    case UserStatus::still_excluded:
      return "still_excluded";
    case UserStatus::erased:
      return "erased";
  }
  return "";
}

const char* to_string(Source source) noexcept {
  switch (source) {
    case Source::memory:
      return "memory";
    case Source::redis:
      return "redis";
    case Source::miss:
      return "miss";
    case Source::bypass:
      return "bypass";
  }
  return "";
}

std::string to_hex(const ContentHash& hash) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : hash.bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

}  // namespace ratings
