#include "service/replicated_reader.hpp"

#include "coherence/position_coherence.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"
#include "support/fake_replica.hpp"

#include "ratings/error.hpp"
#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::kBob;

struct FakeReplica {
  explicit FakeReplica(const test::FakeStore& primary) { replay(primary); }
  void replay(const test::FakeStore& primary) { replica.replay(primary); }
  [[nodiscard]] Replica opened(const char* name) { return replica.open(name); }

  test::FakeStore store;
  test::FakeReplica<> replica{store};
  test::FakeHistoryReader& reader = replica.reader;
};

/// A server with a primary and one replica that has replayed everything, or two.
struct ReplicaRig {
  explicit ReplicaRig(std::size_t replicas = 1, std::chrono::milliseconds delta = 1000ms) {
    store.delta = delta;
    store.write(kAnn, 100);
    store.write(kBob, 200);
    coherence.tick();
    std::vector<Replica> opened;
    for (std::size_t i = 0; i < replicas; ++i) {
      standbys.push_back(std::make_unique<FakeReplica>(store));
      opened.push_back(standbys.back()->opened(i == 0 ? "one:5432" : "two:5432"));
    }
    reader = std::make_unique<CheckedReplicas>(
        primary, std::make_unique<test::FakePositionReader>(store, wire), std::move(opened), coherence, clock,
        CheckedReplicas::Background::none);
    reader->look();
  }
  [[nodiscard]] std::int64_t read(UserId user) {
    return reader->history(user, clock.now() + 2s).ratings.at(0).timestamp;
  }
  [[nodiscard]] ReplicaFigures figures(std::size_t i = 0) const { return reader->replicas().at(i); }
  [[nodiscard]] FakeReplica& standby() { return *standbys.front(); }

  test::FakeStore store;
  test::FakePositionReader::Wire wire;
  test::FakeClock clock;
  PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                              Background::none};
  test::FakeHistoryReader primary{store};
  std::vector<std::unique_ptr<FakeReplica>> standbys;
  std::unique_ptr<CheckedReplicas> reader;
};

}  // namespace

TEST_SUITE("replicas") {
  TEST_CASE("a replica that has replayed everything answers, and the primary is not read") {
    ReplicaRig rig;
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.read(kBob) == 200);
    CHECK(rig.primary.reads == 0);
    CHECK(rig.figures().reads == 2);
    CHECK(rig.figures().refused == 0);
  }

  TEST_CASE("a replica is not used before it has been looked at") {
    ReplicaRig rig;
    const auto fresh = CheckedReplicas{rig.primary,
                                       std::make_unique<test::FakePositionReader>(rig.store, rig.wire),
                                       [&] {
                                         std::vector<Replica> one;
                                         one.push_back(rig.standby().opened("one:5432"));
                                         return one;
                                       }(),
                                       rig.coherence,
                                       rig.clock,
                                       CheckedReplicas::Background::none};
    CHECK_FALSE(fresh.replicas().at(0).up);
  }

  TEST_CASE("what a lagging replica has of a changed user is refused, of others it is used") {
    ReplicaRig rig;
    rig.store.write(kAnn, 300);
    rig.coherence.tick();

    CHECK(rig.read(kAnn) == 300);
    CHECK(rig.read(kBob) == 200);
    CHECK(rig.primary.reads == 1);
    CHECK(rig.figures().refused == 1);
    CHECK(rig.figures().reads == 1);

    rig.standby().replay(rig.store);
    CHECK(rig.read(kAnn) == 300);
    CHECK(rig.primary.reads == 1);
  }

  TEST_CASE("a change that was reported while the replica was asked is not hidden by its answer") {
    ReplicaRig rig;
    const auto began = rig.clock.now();
    rig.standby().reader.before = [&] {
      rig.store.write(kAnn, 300);  // committed, and reported Δ later
      rig.clock.advance(1500ms);
      rig.coherence.tick();
    };
    CHECK(rig.reader->history(kAnn, began + 2s).ratings.at(0).timestamp == 300);
  }

  TEST_CASE("a replica that is ahead of the last check is believed after one more check") {
    ReplicaRig rig;
    rig.store.write(kAnn, 300);
    rig.standby().replay(rig.store);
    rig.clock.advance(1ms);
    const int questions = rig.wire.questions;

    CHECK(rig.read(kAnn) == 300);
    CHECK(rig.read(kAnn) == 300);

    CHECK(rig.primary.reads == 0);
    CHECK(rig.wire.questions == questions + 1);
  }

  TEST_CASE("a replica of a history that was lost is refused, also for users that changed in neither") {
    ReplicaRig rig;
    const auto before = rig.store.backup();
    rig.store.write(kAnn, 300);  // reached the replica, and was lost with the primary
    rig.standby().replay(rig.store);
    rig.store.restore(before);
    rig.coherence.tick();

    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.read(kBob) == 200);
    CHECK(rig.figures().refused == 2);

    rig.store.write(kAnn, 400);  // the lost one's position, with another salt
    rig.coherence.tick();
    CHECK(rig.read(kAnn) == 400);
    CHECK(rig.read(kBob) == 200);
    CHECK(rig.figures().reads == 0);
  }

  TEST_CASE("in strict mode each answer of a replica has a check from after the request's arrival") {
    ReplicaRig rig{1, 0ms};
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().reads == 1);

    rig.store.write(kAnn, 300);  // reported at once
    rig.clock.advance(1ns);

    CHECK(rig.read(kAnn) == 300);
    CHECK(rig.figures().refused == 1);
  }

  TEST_CASE("without a fresh check the primary is read and the replica is left out") {
    ReplicaRig rig;
    rig.clock.advance(1s + 1ns);
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.standby().reader.reads == 0);
    CHECK(rig.primary.reads == 1);
  }

  TEST_CASE("a replica that cannot be reached costs one attempt, until it has been found answering again") {
    ReplicaRig rig;
    rig.standby().store.away = true;

    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.standby().reader.reads == 1);
    CHECK(rig.figures().failed == 1);
    CHECK_FALSE(rig.figures().up);
    rig.reader->look();
    CHECK_FALSE(rig.figures().up);

    rig.standby().store.away = false;
    rig.reader->look();
    CHECK(rig.figures().up);
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.primary.reads == 2);
  }

  TEST_CASE(
      "a read that a replica cancels or has no time for goes to the primary, the next one to it again") {
    ReplicaRig rig;
    auto kind = Kind::store;
    rig.standby().reader.before = [&] {
      throw Error{kind, "canceling statement due to conflict with recovery"};
    };
    CHECK(rig.read(kAnn) == 100);
    kind = Kind::busy;
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().failed == 1);
    CHECK(rig.figures().busy == 1);

    rig.standby().reader.before = [] {};
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.primary.reads == 2);
    CHECK(rig.figures().reads == 1);
  }

  TEST_CASE("a replica that is too late three times in a row is left alone, each time for longer") {
    ReplicaRig rig;
    const auto tick = [&](std::chrono::milliseconds passed) {
      rig.clock.advance(passed);
      rig.coherence.tick();
      rig.reader->look();
      return rig.figures().up;
    };
    rig.standby().reader.before = [] { throw Error{Kind::busy, "no answer in time"}; };
    for (int i = 0; i < 5; ++i) CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().busy == 3);

    CHECK_FALSE(tick(999ms));
    CHECK(tick(1ms));
    for (int i = 0; i < 5; ++i) CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().busy == 6);

    CHECK_FALSE(tick(1'999ms));
    rig.standby().reader.before = [] {};
    CHECK(tick(1ms));
    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().reads == 1);

    rig.standby().reader.before = [] { throw Error{Kind::busy, "no answer in time"}; };
    for (int i = 0; i < 5; ++i) CHECK(rig.read(kAnn) == 100);
    CHECK(tick(1'000ms));
  }

  TEST_CASE("a replica gets half of the time, the primary all that is left") {
    ReplicaRig rig;
    const auto now = rig.clock.now();
    rig.standby().reader.before = [] { throw Error{Kind::busy, "no answer in time"}; };

    (void)rig.reader->history(kAnn, now + 2s);

    CHECK(Instant{rig.standby().reader.last_deadline} == now + 1s);
    CHECK(Instant{rig.primary.last_deadline} == now + 2s);
  }

  TEST_CASE("two replicas take turns, and the one that is left does all") {
    ReplicaRig rig{2};
    for (int i = 0; i < 10; ++i) (void)rig.read(kAnn);
    CHECK(rig.figures(0).reads == 5);
    CHECK(rig.figures(1).reads == 5);

    rig.standby().store.away = true;
    for (int i = 0; i < 10; ++i) CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures(0).failed == 1);
    CHECK(rig.figures(1).reads == 14);
    CHECK(rig.primary.reads == 1);
  }

  TEST_CASE(
      "of several users those that a replica has right come from it, the others from the primary at once") {
    ReplicaRig rig;
    rig.store.write(kAnn, 300);
    rig.coherence.tick();
    const UserId users[] = {kBob, kAnn, kBob, UserId{3}};

    const auto found = rig.reader->histories(users, rig.clock.now() + 2s);

    REQUIRE(found.size() == 4);
    CHECK(found[0].ratings.at(0).timestamp == 200);
    CHECK(found[1].ratings.at(0).timestamp == 300);
    CHECK(found[2].user == kBob);
    CHECK(found[3].user == UserId{3});
    CHECK(found[3].ratings.empty());
    CHECK(rig.primary.reads == 1);
    CHECK(rig.figures().reads == 3);
    CHECK(rig.figures().refused == 1);

    rig.standby().store.away = true;
    CHECK(rig.reader->histories(users, rig.clock.now() + 2s).at(1).ratings.at(0).timestamp == 300);
    CHECK(rig.figures().failed == 4);
  }

  TEST_CASE("an error of the primary is the caller's") {
    ReplicaRig rig;
    rig.standby().store.away = true;
    rig.store.away = true;
    CHECK_THROWS_AS((void)rig.read(kAnn), Error);
  }

  TEST_CASE("the comparison of hits reads the primary") {
    ReplicaRig rig;
    rig.store.write(kAnn, 300);
    const auto found = rig.reader->spare_history(kAnn, rig.clock.now() + 2s);
    REQUIRE(found);
    CHECK(found->ratings.at(0).timestamp == 300);
    CHECK(rig.standby().reader.reads == 0);
  }

  TEST_CASE("lag is what the store has and the replica does not") {
    ReplicaRig rig;
    CHECK(rig.figures().behind == 0);
    CHECK(rig.figures().lag == 0ms);

    rig.store.write(kAnn, 300);
    rig.store.write(kBob, 300);
    rig.coherence.tick();
    rig.reader->look();
    CHECK(rig.figures().behind == 2);
    CHECK(rig.figures().lag == 7s);

    auto checks = replica_checks(rig.reader->replicas());
    REQUIRE(checks.size() == 1);
    CHECK(checks[0].name == "replica one:5432");
    CHECK(checks[0].ok);
    CHECK(checks[0].detail.find("lacks 2 changes") != std::string::npos);

    rig.standby().store.away = true;
    rig.reader->look();
    checks = replica_checks(rig.reader->replicas());
    CHECK_FALSE(checks[0].ok);
    CHECK_FALSE(checks[0].blocks_cache);
  }

  TEST_CASE(
      "a replica whose history is not the store's is not read, and said to be so, until it is made anew") {
    ReplicaRig rig;
    const auto older = rig.store.backup();
    rig.store.write(kAnn, 300);
    rig.standby().replay(rig.store);
    rig.store.restore(older);  // the standby has a change that the store lost
    rig.store.write(kBob, 400);
    rig.coherence.tick();
    rig.reader->look();
    const auto refused = rig.figures().refused;

    CHECK(rig.read(kAnn) == 100);
    CHECK(rig.figures().refused == refused);
    CHECK_FALSE(rig.figures().up);
    const auto check = replica_checks(rig.reader->replicas()).at(0);
    CHECK_FALSE(check.ok);
    CHECK(check.detail.find("history that is not the store's") != std::string::npos);

    rig.standby().replay(rig.store);
    rig.reader->look();
    CHECK(rig.figures().up);
    CHECK_FALSE(rig.figures().foreign);
  }

  TEST_CASE("a primary that does not answer makes no replica foreign") {
    ReplicaRig rig;
    rig.store.away = true;
    rig.reader->look();
    CHECK(rig.figures().up);
  }

  TEST_CASE("a service on top of it keeps what a replica gave, and checks it at the next request") {
    ReplicaRig rig;
    test::FakeCache memory;
    RatingService service{*rig.reader, rig.coherence, &memory, nullptr, rig.clock};

    CHECK(service.history(kAnn, rig.clock.now()).source == Source::miss);
    CHECK(service.history(kAnn, rig.clock.now()).source == Source::memory);
    CHECK(rig.primary.reads == 0);

    rig.store.write(kAnn, 300);
    rig.coherence.tick();
    const auto answer = service.history(kAnn, rig.clock.now());
    CHECK(answer.source == Source::miss);
    CHECK(answer.history->tag() == rig.store.tag(kAnn));
    CHECK(rig.primary.reads == 1);
  }
}

}  // namespace ratings
