// ratings-simulator --seeds N --from SEED [--expect-violation]: N runs, one a seed; prints a failing one's
// trace.
// --trace: prints every event of each.
#include "simulator/world.hpp"

#include "ratings/log.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>

namespace ratings::simulator {
namespace {

struct Options {
  std::uint64_t seeds = 200;
  std::uint64_t from = 1;
  bool expect_violation = false;
  World::Trace trace = World::Trace::off;
};

constexpr std::size_t kEventsShown = 80;  // the reason lies at most a few Δ back

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--expect-violation") {
      options.expect_violation = true;
    } else if (word == "--trace") {
      options.trace = World::Trace::on;
    } else if (word == "--seeds" && i + 1 < count) {
      options.seeds = std::stoull(words[++i]);
    } else if (word == "--from" && i + 1 < count) {
      options.from = std::stoull(words[++i]);
    } else {
      throw std::invalid_argument{
          "usage: simulator [--seeds N] [--from SEED] [--trace] [--expect-violation]"};
    }
  }
  return options;
}

/// The same seed is the same run, so the trace is made only when it is wanted.
void print_trace(std::uint64_t seed) {
  World world{seed, World::Trace::on};
  const auto again = world.run();
  const auto& events = world.events();
  const auto last = std::ranges::find_if(events, [](const auto& e) { return e.find("VIOLATION") != e.npos; });
  const auto shown = std::min<std::ptrdiff_t>(last - events.begin(), kEventsShown);
  for (auto event = last - shown; event != events.end() && event <= last; ++event)
    std::cout << "  " << *event << '\n';
  if (!again) std::cout << "  (not repeated: this run depends on something besides its seed)\n";
}

void print(const Figures& all, std::uint64_t seeds, std::chrono::duration<double> took) {
  std::cout << seeds << " seeds, " << all.steps << " steps, " << all.answers << " answers, " << all.hits
            << " hits, " << all.errors << " errors while the store was away, " << all.commands
            << " commands, " << all.edits << " edits, " << all.faults << " faults, "
            << all.time.count() / 1'000'000'000 << " s simulated in " << took.count() << " s\n";
}

int run(const Options& options) {
  set_log_level("error");  // the faults are meant
  Figures all;
  const auto started = std::chrono::steady_clock::now();
  const auto took = [&] { return std::chrono::duration<double>{std::chrono::steady_clock::now() - started}; };
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    const auto seed = options.from + i;
    World world{seed, options.trace};
    const auto violation = world.run();
    all += world.figures();
    for (const auto& event : world.events()) std::cout << "  " << event << '\n';
    if (!violation) continue;
    std::cout << "VIOLATION with seed " << seed << ": " << *violation << '\n';
    print_trace(seed);
    print(all, i + 1, took());
    return options.expect_violation ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  print(all, options.seeds, took());
  if (all.hits < all.answers / 20) {
    std::cout << "a cache that is hardly used proves nothing\n";
    return EXIT_FAILURE;
  }
  if (options.expect_violation) std::cout << "the planted bug was not found\n";
  return options.expect_violation ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace ratings::simulator

int main(int count, char** words) {
  try {
    return ratings::simulator::run(ratings::simulator::parse(count, words));
  } catch (const std::exception& error) {
    std::cerr << "simulator: " << error.what() << '\n';
    return 2;
  }
}
