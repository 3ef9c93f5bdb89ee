#pragma once

#include "ratings/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace ratings::simulator {

inline constexpr Instant kForever = Instant::max();

/// Many activities on one thread, and the time they live in. Which of those that could go on does so is drawn
/// from the seed, so a seed is a schedule, and can be repeated.
///
/// The code under test is not changed for it: blocking.cpp turns its waiting (condition variables, poll,
/// clocks) into calls of this class. A fiber must not hold a mutex while it waits.
class Fibers final : public Clock {
 public:
  /// Fibers of one group can be frozen together, as SIGSTOP does with a process.
  using Group = int;

  explicit Fibers(std::uint64_t seed);
  ~Fibers() override;
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// `body` must not throw.
  void spawn(Group group, std::function<void()> body);
  /// Until all fibers have ended. Throws std::logic_error when all that are left wait for ever.
  void run();
  void freeze(Group group, Instant until);

  [[nodiscard]] Instant now() const noexcept override { return now_; }
  [[nodiscard]] std::uint64_t switches() const noexcept { return switches_; }

  // For the running fiber:
  void sleep_until(Instant until) override;
  /// Waits for wake(`place`); false when `until` came first.
  bool park(const void* place, Instant until);

  void wake_one(const void* place);
  void wake_all(const void* place);

  /// The instance whose fiber is running; null outside of any.
  [[nodiscard]] static Fibers* running() noexcept;

 private:
  struct Fiber;
  struct Stack;

  static void enter();
  [[nodiscard]] Fiber* next();
  [[nodiscard]] Instant due(const Fiber& fiber) const;
  void resume(Fiber& fiber);
  void leave();

  struct Main;
  std::unique_ptr<Main> main_;
  std::mt19937_64 random_;
  Instant now_ = std::chrono::seconds{1};
  std::uint64_t switches_ = 0;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<std::pair<Group, Instant>> frozen_;
  Fiber* current_ = nullptr;
};

}  // namespace ratings::simulator
