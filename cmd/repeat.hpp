#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace ratings::cmd {

/// Calls `attempt` on a thread of its own until it returns true, with a pause between the calls; the thread
/// ends with the object, without waiting for the pause. `attempt` must not throw.
class RepeatUntilDone {
 public:
  RepeatUntilDone(std::function<bool()> attempt, std::chrono::milliseconds pause);

 private:
  std::jthread thread_;
};

}  // namespace ratings::cmd
