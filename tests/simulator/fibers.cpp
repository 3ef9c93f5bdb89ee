#include "simulator/fibers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <cxxabi.h>
#include <stdexcept>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace ratings::simulator {
namespace {

/// httplib keeps a few kB of line buffers on the stack; the address sanitizer multiplies frames.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kStackSize = std::size_t{1024} * 1024;
#else
constexpr std::size_t kStackSize = std::size_t{256} * 1024;
#endif

Fibers* running_fibers = nullptr;

/// The sanitizer must know which stack is in use.
void announce_switch([[maybe_unused]] void** fake, [[maybe_unused]] const void* bottom,
                     [[maybe_unused]] std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake, bottom, size);
#endif
}
void finish_switch([[maybe_unused]] void* fake, [[maybe_unused]] const void** bottom,
                   [[maybe_unused]] std::size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake, bottom, size);
#endif
}

/// What the C++ runtime keeps for a thread: the exceptions being handled. Each fiber has its own.
struct Exceptions {
  std::array<char, 16> bytes{};  // a pointer and a count (Itanium C++ ABI, 2.2.2)
  void save() { std::memcpy(bytes.data(), abi::__cxa_get_globals(), bytes.size()); }
  void restore() const {
    std::memcpy(static_cast<void*>(abi::__cxa_get_globals()), bytes.data(), bytes.size());
  }
};

}  // namespace

struct Fibers::Stack {
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kStackSize);
};

struct Fibers::Fiber {
  Group group = 0;
  std::function<void()> body;
  Stack stack;
  ucontext_t context{};
  Exceptions exceptions;
  void* fake = nullptr;
  const void* place = nullptr;
  Instant until{};
  bool ended = false;
};

struct Fibers::Main {
  ucontext_t context{};
  Exceptions exceptions;
  void* fake = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
  std::vector<Stack> spare;
};

Fibers::Fibers(std::uint64_t seed) : main_{std::make_unique<Main>()}, random_{seed} {}
Fibers::~Fibers() = default;

Fibers* Fibers::running() noexcept { return running_fibers; }

void Fibers::spawn(Group group, std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  if (!main_->spare.empty()) {
    fiber->stack = std::move(main_->spare.back());
    main_->spare.pop_back();
  }
  fiber->group = group;
  fiber->body = std::move(body);
  fiber->until = now_;
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.bytes.get();
  fiber->context.uc_stack.ss_size = kStackSize;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, &Fibers::enter, 0);
  fibers_.push_back(std::move(fiber));
}

void Fibers::enter() {
  auto& self = *running_fibers;
  finish_switch(nullptr, &self.main_->bottom, &self.main_->size);
  self.current_->body();
  self.current_->body = nullptr;
  self.current_->ended = true;
  self.leave();
}

void Fibers::run() {
  while (!fibers_.empty()) {
    auto* fiber = next();
    resume(*fiber);
    if (!fiber->ended) continue;
    main_->spare.push_back(std::move(fiber->stack));
    std::erase_if(fibers_, [fiber](const auto& one) { return one.get() == fiber; });
  }
}

Instant Fibers::due(const Fiber& fiber) const {
  for (const auto& [group, until] : frozen_) {
    if (group == fiber.group) return std::max(fiber.until, until);
  }
  return fiber.until;
}

Fibers::Fiber* Fibers::next() {
  Fiber* chosen = nullptr;
  Fiber* first = nullptr;
  auto earliest = kForever;
  std::uint64_t ready = 0;
  for (const auto& fiber : fibers_) {
    const auto at = due(*fiber);
    if (at <= now_ && random_() % ++ready == 0) chosen = fiber.get();
    if (at < earliest) {
      earliest = at;
      first = fiber.get();
    }
  }
  if (chosen != nullptr) return chosen;
  if (first == nullptr) throw std::logic_error{"every activity waits for ever"};
  now_ = earliest;
  return first;
}

void Fibers::resume(Fiber& fiber) {
  ++switches_;
  now_ += Instant{1};  // no two things happen at one time
  current_ = &fiber;
  running_fibers = this;
  main_->exceptions.save();
  fiber.exceptions.restore();
  announce_switch(&main_->fake, fiber.stack.bytes.get(), kStackSize);
  swapcontext(&main_->context, &fiber.context);
  finish_switch(main_->fake, nullptr, nullptr);
  fiber.exceptions.save();
  main_->exceptions.restore();
  running_fibers = nullptr;
  current_ = nullptr;
}

void Fibers::leave() {
  auto& fiber = *current_;
  announce_switch(fiber.ended ? nullptr : &fiber.fake, main_->bottom, main_->size);
  swapcontext(&fiber.context, &main_->context);
  finish_switch(fiber.fake, &main_->bottom, &main_->size);
}

void Fibers::sleep_until(Instant until) { (void)park(nullptr, until); }

bool Fibers::park(const void* place, Instant until) {
  auto& fiber = *current_;
  fiber.place = place;
  fiber.until = until;
  leave();
  const bool woken = place != nullptr && fiber.place == nullptr;
  fiber.place = nullptr;
  return woken;
}

void Fibers::wake_one(const void* place) {
  for (const auto& fiber : fibers_) {
    if (fiber->place != place) continue;
    fiber->place = nullptr;
    fiber->until = now_;
    return;
  }
}

void Fibers::wake_all(const void* place) {
  for (const auto& fiber : fibers_) {
    if (fiber->place != place) continue;
    fiber->place = nullptr;
    fiber->until = now_;
  }
}

void Fibers::freeze(Group group, Instant until) {
  std::erase_if(frozen_, [&](const auto& one) { return one.first == group || one.second <= now_; });
  frozen_.emplace_back(group, until);
}

}  // namespace ratings::simulator
