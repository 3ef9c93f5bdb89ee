#pragma once

#include "ratings/cleanup.hpp"

#include <cstdint>

namespace ratings {

/// What a store knows of a user whom a purge names.
struct PurgeFacts {
  std::uint64_t rows = 0;    ///< that the purge takes: ratings, with --hard quarantined ones too
  bool quarantined = false;  ///< a batch holds rows of the user
  bool excluded = false;     ///< by any batch
  bool erased = false;       ///< by a hard purge, which excludes too
};

/// What a purge makes of the user. Somebody who left nothing but rows in quarantine is not excluded by them:
/// they may be a dedupe's, or a purge's whose exclusion was lifted, and the next load would bring the user
/// back.
[[nodiscard]] inline UserStatus purge_status(const PurgeFacts& user, bool hard) {
  const auto done = hard ? UserStatus::erased : UserStatus::purged;
  if (user.rows > 0) return done;
  if (hard ? user.erased : user.excluded) return UserStatus::already_excluded;
  return user.quarantined || user.excluded ? done : UserStatus::unknown;
}

[[nodiscard]] inline bool is_taken(UserStatus status) {
  return status == UserStatus::purged || status == UserStatus::erased;
}

}  // namespace ratings
