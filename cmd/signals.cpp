#include "signals.hpp"

#include "output.hpp"

#include "ratings/error.hpp"

#include <csignal>
#include <pthread.h>

namespace ratings::cmd {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

int next_signal() {
  const auto set = ending_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

void die_of(int number) {
  // Nobody installs a handler, but a shell may have started us with the signal ignored (cmd &, nohup).
  std::signal(number, SIG_DFL);
  const auto set = ending_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(number);
}

}  // namespace

void block_signals() {
  const auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SignalWatcher::SignalWatcher(std::function<void()> on_first) {
  block_signals();
  thread_ = std::jthread{[on_first = std::move(on_first)](const std::stop_token& stop) {
    next_signal();
    if (stop.stop_requested()) return;
    on_first();
    const int second = next_signal();
    if (!stop.stop_requested()) die_of(second);
  }};
}

SignalWatcher::~SignalWatcher() {
  thread_.request_stop();
  // Out of sigwait: SIGTERM is blocked in every thread, and this one waits for it.
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
  pthread_kill(thread_.native_handle(), SIGTERM);
}

Interruption::Interruption(std::function<void()> cancel)
    : watcher_{[this, cancel = std::move(cancel)] {
        requested_ = true;
        if (settled_) {
          complain("interrupted: " + state_ +
                   "; waiting until no server can answer from before (once more ends at once)");
          return;
        }
        complain("interrupted: rolling back, unless COMMIT was sent already (once more ends at once)");
        cancel();
      }} {}

void Interruption::committed(const std::string& stands) {
  settle("the change is committed and stays" + stands);
  if (requested_) complain("too late: it was done already" + stands + "; nothing is rolled back");
}

void Interruption::nothing_to_change() { settle("there was nothing to change"); }

void Interruption::settle(std::string state) {
  state_ = std::move(state);
  settled_ = true;
}

void Interruption::check() const {
  if (requested_) throw Error{Kind::interrupted, "interrupted: nothing was changed"};
}

}  // namespace ratings::cmd
