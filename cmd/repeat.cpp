#include "repeat.hpp"

#include <condition_variable>
#include <mutex>

namespace ratings::cmd {

RepeatUntilDone::RepeatUntilDone(std::function<bool()> attempt, std::chrono::milliseconds pause)
    : thread_{[attempt = std::move(attempt), pause](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;  // only the stop token ends a pause early
        std::unique_lock lock{mutex};
        while (!stop.stop_requested() && !attempt()) {
          never.wait_for(lock, stop, pause, [] { return false; });
        }
      }} {}

}  // namespace ratings::cmd
