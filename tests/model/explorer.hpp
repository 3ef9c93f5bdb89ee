#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ratings::model {

/// What exploring a protocol came to: every state that can be reached, or the shortest way to a lie.
struct Finding {
  std::size_t states = 0;
  std::vector<std::string> trace;  ///< the steps to the violation; empty: there is none
};

/// Breadth first through all interleavings of a protocol. A Protocol has a State without padding (it is
/// hashed by its bytes), `initial()`, and `steps(state, to)`, which calls `to(next, name)` for all that may
/// happen next and returns the name of the lie if the state tells one.
template <class Protocol>
class Explorer {
 public:
  using State = typename Protocol::State;
  static_assert(std::has_unique_object_representations_v<State>);

  explicit Explorer(const Protocol& protocol) : protocol_{protocol} {}

  Finding explore() {
    add(protocol_.initial(), 0);
    for (std::uint32_t at = 0; at < states_.size(); ++at) {
      const State here = states_[at];
      const auto lie = protocol_.steps(here, [&](const State& next, const auto&) { add(next, at); });
      if (lie) return {.states = states_.size(), .trace = trace(at, *lie)};
    }
    return {.states = states_.size(), .trace = {}};
  }

 private:
  static constexpr std::size_t kMost =
      8'000'000;  // a model that grows beyond this is not one for every build

  void add(const State& state, std::uint32_t parent) {
    states_.push_back(state);
    if (!seen_.insert(static_cast<std::uint32_t>(states_.size() - 1)).second) {
      states_.pop_back();
      return;
    }
    parents_.push_back(parent);
    if (states_.size() > kMost) throw std::runtime_error{"the model has too many states"};
  }

  /// Steps are not stored: the way is walked once more to name them.
  std::vector<std::string> trace(std::uint32_t at, const std::string& lie) const {
    std::vector<std::string> names{lie};
    for (; at != 0; at = parents_[at]) {
      std::string taken;
      (void)protocol_.steps(states_[parents_[at]], [&](const State& next, const std::string& name) {
        if (taken.empty() && next == states_[at]) taken = name;
      });
      names.insert(names.begin(), taken);
    }
    return names;
  }

  struct Hash {
    const std::vector<State>* states;
    std::size_t operator()(std::uint32_t at) const {
      return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&(*states)[at]), sizeof(State)});
    }
  };
  struct Same {
    const std::vector<State>* states;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return (*states)[a] == (*states)[b]; }
  };

  const Protocol& protocol_;
  std::vector<State> states_;
  std::vector<std::uint32_t> parents_;
  std::unordered_set<std::uint32_t, Hash, Same> seen_{1024, Hash{&states_}, Same{&states_}};
};

}  // namespace ratings::model
