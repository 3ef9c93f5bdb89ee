#pragma once

#include "coherence/position_coherence.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_position_reader.hpp"

#include <memory>

namespace ratings::test {

using namespace std::chrono_literals;

/// One server's validator on a fake store; time and rounds belong to the test.
struct Rig {
  explicit Rig(std::chrono::milliseconds delta = 1'000ms) {
    store.delta = delta;
    store.write(kAnn, 1);
    store.write(kBob, 1);
  }
  void start() {
    coherence = std::make_unique<PositionCoherence>(std::make_unique<FakePositionReader>(store, wire), clock,
                                                    Background::none);
  }
  [[nodiscard]] bool usable(UserId user, const Tag& tag) { return coherence->usable(user, tag, clock.now()); }

  FakeStore store;
  FakePositionReader::Wire wire;
  test::FakeClock clock;
  std::unique_ptr<PositionCoherence> coherence;
};

}  // namespace ratings::test
