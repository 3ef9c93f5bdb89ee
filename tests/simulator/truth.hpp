#pragma once

#include "ratings/clock.hpp"
#include "ratings/model.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace ratings::simulator {

/// What the servers may say, written down from what happened in the store and what was reported to operators.
///
/// The promise (DESIGN §6): a request that arrives more than Δ after a commit sees it, where Δ is the one
/// that was in effect at that commit (`wait_ms`); in strict mode, one that arrives after the commit. And once
/// a command has reported success, whatever its Δ was, every request that arrives later sees it.
class Truth {
 public:
  static constexpr std::int64_t kNoRows = 0;

  explicit Truth(std::int64_t users) : past_(static_cast<std::size_t>(users)) {
    for (auto& states : past_) states.push_back({});
  }

  /// Committed: the user's state is `version` from now on, others may still be seen by who arrives until
  /// `until`. Returns what reported() wants to know.
  std::size_t changed(UserId user, std::int64_t version, Instant until) {
    auto& states = of(user);
    states.back().last_arrival = until;
    states.push_back({.version = version});
    return states.size() - 1;
  }
  /// The change that began state `number` has been reported as done.
  void reported(UserId user, std::size_t number, Instant now) {
    auto& before = of(user).at(number - 1);
    before.last_arrival = std::min(before.last_arrival, now);
  }
  /// May a request that arrived then be told `version`?
  [[nodiscard]] bool allows(UserId user, std::int64_t version, Instant arrived) const {
    const auto& states = past_.at(static_cast<std::size_t>(user.value));
    for (std::size_t i = states.size(); i-- > 0;) {
      const auto& state = states[i];
      // A change that must be seen hides everything that came before it.
      if (arrived > state.last_arrival) return false;
      if (state.version == version) return true;
    }
    return false;
  }
  [[nodiscard]] std::int64_t now(UserId user) const {
    return past_.at(static_cast<std::size_t>(user.value)).back().version;
  }

 private:
  struct State {
    std::int64_t version = kNoRows;
    Instant last_arrival = Instant::max();
  };

  std::vector<State>& of(UserId user) { return past_.at(static_cast<std::size_t>(user.value)); }

  std::vector<std::vector<State>> past_;  ///< by user, oldest first
};

}  // namespace ratings::simulator
