#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace ratings::cmd {

/// Waits for SIGINT and SIGTERM on a thread of its own. The first calls `on_first`; the second ends the
/// process by its default action, at once. Both are blocked from construction on, which must come before any
/// other thread is made: threads inherit the mask. One that comes between two watchers waits for the next.
class SignalWatcher {
 public:
  /// Without `on_first`: the first one ends the process already.
  explicit SignalWatcher(std::function<void()> on_first = {});
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  std::jthread thread_;
};

/// Ctrl-C in a command that changes the store: says at once what happens, and stops what `cancel` stops.
class Interruption {
 public:
  explicit Interruption(std::function<void()> cancel);

  /// Throws Error{interrupted} if the signal has come already; call before the store is touched.
  void check() const;
  /// From here on nothing can be rolled back: says so to a signal, also to one that came too late. `stands`
  /// follows: what was done and how it is taken back, because a second signal ends us without a result.
  /// After this nobody calls `cancel` any more.
  void committed(const std::string& stands = {});
  /// The same where nothing had to be changed: what is left is to wait for the servers.
  void nothing_to_change();

 private:
  /// Whether a signal has come before.
  bool settle(std::string state);

  std::atomic<bool> requested_ = false;
  std::mutex mutex_;                  ///< a signal comes before or after settle(), never meanwhile
  std::optional<std::string> state_;  ///< of the store, once it is settled
  SignalWatcher watcher_;
};

}  // namespace ratings::cmd
