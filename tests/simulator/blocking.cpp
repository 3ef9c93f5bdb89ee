// Takes the place of what the code under test waits with: condition variables, poll(2), epoll_wait(2), the
// clocks. Inside a fiber they wait in simulated time; outside they are the kernel's. The linker finds these
// before libc's, also for libstdc++, which is why no code of the program has to know about the simulator.
#include "simulator/fibers.hpp"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using ratings::Instant;
using ratings::simulator::Fibers;
using ratings::simulator::kForever;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

/// Sockets are few and wake-ups cheap: whoever polls looks again whenever anybody has sent something.
constexpr char kSockets = 0;

Instant instant(const timespec& time) { return Instant{time.tv_sec * kNanosPerSecond + time.tv_nsec}; }

int wait_on(const pthread_cond_t* condition, pthread_mutex_t* mutex, Instant until) {
  auto* fibers = Fibers::running();
  if (fibers == nullptr) std::abort();  // outside of fibers there is nobody to wait for
  pthread_mutex_unlock(mutex);
  const bool woken = fibers->park(condition, until);
  pthread_mutex_lock(mutex);
  return woken ? 0 : ETIMEDOUT;
}

/// `look` says how many descriptors are ready, within a time.
template <class Look>
int wait_for_sockets(int timeout, Look look) {
  auto* fibers = Fibers::running();
  if (fibers == nullptr) {
    const timespec patience{.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1'000'000L};
    return look(timeout < 0 ? nullptr : &patience);
  }
  const auto until = timeout < 0 ? kForever : fibers->now() + std::chrono::milliseconds{timeout};
  for (;;) {
    const timespec at_once{};
    const int found = look(&at_once);
    if (found != 0 || fibers->now() >= until) return found;
    fibers->park(&kSockets, until);
  }
}

}  // namespace

#define RATINGS_TAKES_THE_PLACE extern "C" __attribute__((visibility("default")))

RATINGS_TAKES_THE_PLACE int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return wait_on(condition, mutex, kForever);
}

RATINGS_TAKES_THE_PLACE int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                                   clockid_t, const timespec* until) {
  return wait_on(condition, mutex, instant(*until));
}

RATINGS_TAKES_THE_PLACE int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (auto* fibers = Fibers::running()) fibers->wake_one(condition);
  return 0;
}

RATINGS_TAKES_THE_PLACE int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (auto* fibers = Fibers::running()) fibers->wake_all(condition);
  return 0;
}

RATINGS_TAKES_THE_PLACE int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto* fibers = Fibers::running();
  if (fibers == nullptr || (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)) {
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  }
  const auto now = fibers->now().count();
  *time = {.tv_sec = now / kNanosPerSecond, .tv_nsec = now % kNanosPerSecond};
  return 0;
}

RATINGS_TAKES_THE_PLACE int poll(pollfd* sockets, nfds_t count, int timeout) {
  return wait_for_sockets(timeout, [&](const timespec* patience) {
    return static_cast<int>(syscall(SYS_ppoll, sockets, count, patience, nullptr, _NSIG / 8));
  });
}

RATINGS_TAKES_THE_PLACE int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  return wait_for_sockets(timeout, [&](const timespec* patience) {
    const auto milliseconds =
        patience == nullptr ? -1 : static_cast<int>(patience->tv_sec * 1000 + patience->tv_nsec / 1'000'000);
    return static_cast<int>(syscall(SYS_epoll_pwait, epoll, events, most, milliseconds, nullptr, _NSIG / 8));
  });
}

RATINGS_TAKES_THE_PLACE int eventfd_write(int descriptor, eventfd_t value) {
  const auto written = syscall(SYS_write, descriptor, &value, sizeof value);
  if (auto* fibers = Fibers::running()) fibers->wake_all(&kSockets);
  return written == sizeof value ? 0 : -1;
}

RATINGS_TAKES_THE_PLACE int shutdown(int socket, int how) noexcept {
  const auto done = static_cast<int>(syscall(SYS_shutdown, socket, how));
  if (auto* fibers = Fibers::running()) fibers->wake_all(&kSockets);
  return done;
}

RATINGS_TAKES_THE_PLACE ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  const auto sent = syscall(SYS_sendmsg, socket, message, flags);
  if (auto* fibers = Fibers::running()) fibers->wake_all(&kSockets);
  return sent;
}

RATINGS_TAKES_THE_PLACE int close(int descriptor) {
  const auto done = static_cast<int>(syscall(SYS_close, descriptor));
  if (auto* fibers = Fibers::running()) fibers->wake_all(&kSockets);
  return done;
}
