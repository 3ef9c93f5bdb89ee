#pragma once

#include "http/descriptor.hpp"
#include "http/reply.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace ratings::http {

/// What other threads hand to an event loop, which it wakes. Thread-safe. The constructor throws
/// Error{internal} when the process has no descriptor left.
class Inbox {
 public:
  struct Answered {
    std::uint64_t connection;
    Reply reply;
  };
  enum class Room { there, to_be_made };
  struct Arrived {
    Descriptor socket;
    Room room =
        Room::there;  ///< to_be_made: by the client of this loop that is idle for longest, or not at all
  };
  struct Contents {
    std::vector<Arrived> arrived;    ///< accepted by another loop
    std::vector<Answered> answered;  ///< by a worker
    bool descriptor_wanted = false;  ///< one idle connection is to make room
  };

  Inbox();
  void put(Arrived arrived);
  void put(Answered answered);
  /// However often it is asked for before the loop looks here: one.
  void ask_for_descriptor();
  /// To look at what has changed elsewhere.
  void wake() noexcept;

  [[nodiscard]] Contents take();
  /// Becomes readable with every wake-up: to be watched edge-triggered, so that nobody need read it.
  [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  std::mutex mutex_;
  Contents contents_;
};

}  // namespace ratings::http
