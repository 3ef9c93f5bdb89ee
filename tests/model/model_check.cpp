// Explores every interleaving of the ways to keep a cache in step with its store, and of the one that is
// used. Each must come out as written here: a way that is known to lie and is found innocent means that the
// model has become blind.
#include "model/candidates.hpp"
#include "model/explorer.hpp"
#include "model/positions.hpp"

#include <chrono>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

namespace ratings::model {
namespace {

enum class Expected { ok, violation };

template <class Protocol>
bool check(const std::string& name, const Protocol& protocol, Expected expected) {
  const auto begun = std::chrono::steady_clock::now();
  const auto finding = Explorer<Protocol>{protocol}.explore();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const bool lies = !finding.trace.empty();
  std::cout << std::left << std::setw(62) << name << (lies ? "VIOLATION" : "OK       ") << std::right
            << std::setw(10) << finding.states << " states" << std::setw(8) << std::fixed
            << std::setprecision(2) << took.count() << " s\n";
  for (const auto& step : finding.trace) std::cout << "      " << step << '\n';
  if (lies == (expected == Expected::violation)) return true;
  std::cout << "      EXPECTED: " << (lies ? "OK" : "VIOLATION") << '\n';
  return false;
}

bool check_all() {
  using Way = Candidate::Way;
  bool good = true;
  const auto candidate = [&](const std::string& name, const Candidate& one, Expected expected) {
    good = check(name, one, expected) && good;
  };
  const auto positions = [&](const std::string& name, const Positions& one, Expected expected) {
    good = check(name, one, expected) && good;
  };
  candidate("erase the copy after COMMIT", {.way = Way::erase_after_commit}, Expected::violation);
  candidate("erase the copy after COMMIT, Redis only", {.way = Way::erase_after_commit, .memory = false},
            Expected::violation);
  candidate("erase before and after, Redis only", {.way = Way::erase_twice, .memory = false},
            Expected::violation);
  candidate("generation kept in Redis, Redis only", {.way = Way::generation_in_redis, .memory = false},
            Expected::violation);
  candidate("tombstone kept in Redis, Redis only", {.way = Way::tombstone_in_redis, .memory = false},
            Expected::violation);
  candidate("compare with the store on every hit", {.way = Way::compare_each_hit}, Expected::ok);
  candidate("lease, the purge waits it out", {.way = Way::lease, .servers = 1}, Expected::ok);
  candidate("lease, the purge does not wait", {.way = Way::lease, .servers = 1, .purge_waits = false},
            Expected::violation);
  candidate("lease, age counted from the reply", {.way = Way::lease, .servers = 1, .stamped_before = false},
            Expected::violation);

  positions("positions and salts, a store that is restored", {}, Expected::ok);
  positions("positions and salts, own position not compared", {.compare_own = false}, Expected::violation);
  positions("positions without salts, a store that is restored", {.compare_salts = false},
            Expected::violation);
  positions("positions without salts, a store that never is", {.compare_salts = false, .restores = false},
            Expected::ok);
  return good;
}

}  // namespace
}  // namespace ratings::model

int main() { return ratings::model::check_all() ? 0 : 1; }
