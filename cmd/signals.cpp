#include "signals.hpp"

#include "output.hpp"

#include "ratings/error.hpp"

#include <csignal>
#include <optional>
#include <pthread.h>
#include <unistd.h>

namespace ratings::cmd {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// Before any thread is made: threads inherit the mask.
void block_signals() {
  const auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// nullopt: the watcher is to end, as `sender` has told its thread.
std::optional<int> next_signal(const std::stop_token& stop, const void* sender) {
  const auto set = ending_signals();
  siginfo_t signal{};
  while (sigwaitinfo(&set, &signal) < 0) {  // EINTR: stopped and continued
  }
  if (!stop.stop_requested()) return signal.si_signo;
  // One from outside has come first: it is for the next watcher.
  if (signal.si_code != SI_QUEUE || signal.si_value.sival_ptr != sender) kill(getpid(), signal.si_signo);
  return std::nullopt;
}

void die_of(int number) {
  // Nobody installs a handler, but a shell may have started us with the signal ignored (cmd &, nohup).
  std::signal(number, SIG_DFL);
  const auto set = ending_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(number);
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void()> on_first) {
  block_signals();
  thread_ = std::jthread{[this, on_first = std::move(on_first)](const std::stop_token& stop) {
    auto ending = next_signal(stop, this);
    if (ending && on_first) {
      on_first();
      ending = next_signal(stop, this);
    }
    if (ending) die_of(*ending);
  }};
}

SignalWatcher::~SignalWatcher() {
  thread_.request_stop();
  // Out of its wait: SIGTERM is blocked in every thread, and this one waits for it.
  pthread_sigqueue(thread_.native_handle(), SIGTERM, sigval{.sival_ptr = this});
}

Interruption::Interruption(std::function<void()> cancel)
    : watcher_{[this, cancel = std::move(cancel)] {
        const std::scoped_lock lock{mutex_};
        requested_ = true;
        if (state_) {
          complain("interrupted: " + *state_ +
                   "; waiting until no server can answer from before (once more ends at once)");
          return;
        }
        complain("interrupted: rolling back, unless COMMIT was sent already (once more ends at once)");
        cancel();
      }} {}

void Interruption::committed(const std::string& stands) {
  const bool late = settle("the change is committed and stays" + stands);
  if (late) complain("too late: it was done already" + stands + "; nothing is rolled back");
}

void Interruption::nothing_to_change() { settle("there was nothing to change"); }

bool Interruption::settle(std::string state) {
  const std::scoped_lock lock{mutex_};
  state_ = std::move(state);
  return requested_;
}

void Interruption::check() const {
  if (requested_) throw Error{Kind::interrupted, "interrupted: nothing was changed"};
}

}  // namespace ratings::cmd
