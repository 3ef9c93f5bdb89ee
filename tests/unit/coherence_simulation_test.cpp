#include "coherence/position_coherence.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"

#include "ratings/history_view.hpp"
#include "ratings/log.hpp"
#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kUsers = 4;

/// One server process on the shared store and Redis.
struct Server {
  Server(test::FakeStore& store, test::FakeCache& redis, Clock& clock)
      : coherence{std::make_unique<test::FakePositionReader>(store, wire), clock, Background::none},
        reader{store},
        service{reader, coherence, memory.get(), &redis, clock} {}

  test::FakePositionReader::Wire wire;
  PositionCoherence coherence;
  test::FakeHistoryReader reader;
  std::unique_ptr<Cache> memory = make_memory_cache(64 * 1024);
  RatingService service;
};

/// A world of two servers, one store and one Redis in which everything goes wrong, one step after the other.
///
/// Checked: an answer shows a state that was current at some moment not earlier than Δ before its request
/// arrived. Because a writer reports success Δ after its commit, that is the promise "no answer after a
/// reported change is older". A restored backup counts as a change like any other.
class World {
 public:
  World(unsigned seed, std::chrono::milliseconds delta) : random_{seed} {
    store_.delta = delta;
    store_.users_listed = 2;  // so few that both limits are met
    store_.points_listed = 3;
    for (std::int64_t user = 0; user < kUsers; ++user) past_.push_back({{Instant{0}, 0}});
    for (int i = 0; i < 2; ++i) servers_.push_back(boot());
  }

  /// The number of requests answered; 0 checks failed, or doctest has said which.
  int run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    return answers_;
  }
  [[nodiscard]] int hits() const { return hits_; }

 private:
  struct State {
    Instant since;
    std::int64_t version;
  };

  std::unique_ptr<Server> boot() {
    auto server = std::make_unique<Server>(store_, redis_, clock_);
    // Time passes on the wire, and others act meanwhile.
    server->wire.before = server->wire.after = server->reader.before = server->reader.after = [this] {
      if (below(8) == 0) meddle();
      // Now and then longer than Δ, so that a stamp from the wrong end of the wire shows.
      clock_.advance(std::chrono::microseconds{below(below(10) == 0 ? 30'000 : 2'000)} + 1ns);
      if (below(8) == 0) meddle();
      clock_.advance(1ns);
    };
    return server;
  }

  void step() {
    clock_.advance(std::chrono::microseconds{below(3'000)} + 1ns);
    switch (below(8)) {
      case 0:
        meddle();
        break;
      case 1:
      case 2:
        any_server()->coherence.tick();
        break;
      case 3:
        if (below(20) == 0) any_server() = boot();
        break;
      default:
        request();
    }
  }

  /// Whatever may happen to store and Redis at any moment.
  void meddle() {
    switch (below(12)) {
      case 0:
        store_.away = below(4) == 0;
        break;
      case 1:
        redis_.broken = below(4) == 0;
        break;
      case 2:
        dump_ = redis_.content();
        break;
      case 3:
        redis_.set_back(dump_);
        break;
      case 4:
        backup_ = store_.backup();
        break;
      case 5:
        if (below(6) == 0 && backup_) store_.restore(*backup_);
        break;
      case 6:
        store_.write_all(everybody(), ++version_);
        break;
      case 7:
        store_.write(some_user(), 0);
        break;
      default:
        store_.write(some_user(), ++version_);
    }
    note();
  }

  void note() {
    for (std::int64_t user = 0; user < kUsers; ++user) {
      auto& past = past_[static_cast<std::size_t>(user)];
      const auto version = store_.version(UserId{user});
      if (past.back().version != version) past.push_back({clock_.now(), version});
    }
  }

  void request() {
    const auto user = some_user();
    const auto arrived = clock_.now();
    try {
      const auto answer = any_server()->service.history(user, arrived);
      const auto rows = from_json(user, answer.history->body());
      ++answers_;
      hits_ += answer.source == Source::memory || answer.source == Source::redis;
      judge(user, rows.empty() ? 0 : rows[0].timestamp, arrived, answer.source);
    } catch (const Error& error) {
      CHECK(error.kind() == Kind::unreachable);
    }
  }

  void judge(UserId user, std::int64_t seen, Instant arrived, Source source) {
    const auto& past = past_[static_cast<std::size_t>(user.value)];
    const auto oldest = arrived - store_.delta;
    for (std::size_t i = past.size(); i-- > 0;) {
      if (past[i].version == seen) return;
      if (past[i].since < oldest) break;  // what came before it was over by then
    }
    CAPTURE(to_string(source));
    CAPTURE(user.value);
    CAPTURE(seen);
    CAPTURE(past.back().version);
    FAIL("an answer from before a reported change");
  }

  std::unique_ptr<Server>& any_server() { return servers_[static_cast<std::size_t>(below(2))]; }
  UserId some_user() { return UserId{below(kUsers)}; }
  static std::vector<UserId> everybody() {
    std::vector<UserId> users;
    for (std::int64_t user = 0; user < kUsers; ++user) users.push_back(UserId{user});
    return users;
  }
  std::int64_t below(std::int64_t limit) {
    return std::uniform_int_distribution<std::int64_t>{0, limit - 1}(random_);
  }

  std::mt19937 random_;
  test::FakeClock clock_;
  test::FakeStore store_;
  test::FakeCache redis_;
  test::FakeCache::Content dump_;
  std::optional<test::FakeStore::Content> backup_;
  std::int64_t version_ = 0;
  std::vector<std::vector<State>> past_;
  std::vector<std::unique_ptr<Server>> servers_;
  int answers_ = 0;
  int hits_ = 0;
};

/// RATINGS_TEST_SEED repeats a run.
unsigned first_seed() {
  const char* given = std::getenv("RATINGS_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

void simulate(std::chrono::milliseconds delta) {
  constexpr unsigned kWorlds = 200;
  constexpr int kSteps = 400;
  set_log_level("error");  // the faults are meant
  const auto first = first_seed();
  MESSAGE("seed " << first);
  int answers = 0;
  int hits = 0;
  for (unsigned i = 0; i < kWorlds; ++i) {
    const auto seed = first + i;
    CAPTURE(seed);
    World world{seed, delta};
    answers += world.run(kSteps);
    hits += world.hits();
  }
  MESSAGE(answers << " answers, " << hits << " of them from a cache");
  CHECK(hits > answers / 20);  // a cache that is never used proves nothing
}

TEST_SUITE("coherence: simulation") {
  TEST_CASE("with a lease no answer is older than a change reported before its request") { simulate(20ms); }
  TEST_CASE("in strict mode no answer is older than a change committed before its request") { simulate(0ms); }
}

}  // namespace
}  // namespace ratings
