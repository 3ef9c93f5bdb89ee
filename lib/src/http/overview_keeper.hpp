#pragma once

#include "ratings/clock.hpp"
#include "ratings/overview.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

namespace ratings::http {

/// The last overview of the store, read anew when somebody looks, at most once a second and by one thread at
/// a time: however many look, the store hears little of it, and one worker waits for it at most. Thread-safe.
class OverviewKeeper {
 public:
  struct Seen {
    std::shared_ptr<const StoreOverview> overview;  ///< null: none was read yet
    std::chrono::nanoseconds age{0};                ///< of `overview`
    bool failed = false;                            ///< the last attempt did
  };

  /// `reader` may be null; what is given must outlive the keeper.
  OverviewKeeper(OverviewReader* reader, Clock& clock) : reader_{reader}, clock_{clock} {}

  /// Never throws; may wait for the store for as long as a request may.
  [[nodiscard]] Seen look() noexcept;

 private:
  /// What was read, or null.
  [[nodiscard]] std::shared_ptr<const StoreOverview> read() noexcept;

  OverviewReader* const reader_;
  Clock& clock_;
  std::mutex mutex_;
  bool reading_ = false;
  bool failed_ = false;
  std::optional<Instant> tried_;
  std::shared_ptr<const StoreOverview> last_;
  Instant last_at_{};
};

}  // namespace ratings::http
