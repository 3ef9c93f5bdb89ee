#include "ratings/service.hpp"

#include "coherence/position_coherence.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::kBob;

constexpr UserId kNobody{3};

/// A server: real service and coherence, fake store and caches.
struct Rig {
  Rig() {
    store.write(kAnn, 100);
    store.write(kBob, 200);
    coherence.tick();
  }
  Answer ask(UserId user) { return service.history(user, clock.now()); }

  test::FakeStore store;
  test::FakePositionReader::Wire wire;
  test::FakeClock clock;
  PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                              Background::none};
  test::FakeHistoryReader reader{store};
  test::FakeCache memory;
  test::FakeCache redis;
  RatingService service{reader, coherence, &memory, &redis, clock};
};

TEST_SUITE("service") {
  TEST_CASE("the first answer comes from the store and fills both tiers, the next from memory") {
    Rig rig;

    const auto miss = rig.ask(kAnn);
    const auto hit = rig.ask(kAnn);

    CHECK(miss.source == Source::miss);
    CHECK(miss.history->body() == R"([{"movie_id":1,"rating":4,"timestamp":"1970-01-01 00:01:40"}])");
    CHECK(miss.history->tag() == rig.store.tag(kAnn));
    CHECK(hit.source == Source::memory);
    CHECK(hit.history == miss.history);
    CHECK(rig.redis.contains(kAnn));
    CHECK(rig.reader.reads == 1);
  }

  TEST_CASE("a read that ends between the look into memory and the turn to read is not repeated") {
    Rig rig;
    int looks = 0;
    rig.redis.after_get = [&] {  // both tiers have been asked, the store not yet
      if (++looks == 1) CHECK(rig.ask(kAnn).source == Source::miss);
    };

    const auto answer = rig.ask(kAnn);

    CHECK(looks == 2);
    CHECK(answer.source == Source::memory);
    CHECK(rig.reader.reads == 1);
  }

  TEST_CASE("a value that landed in between is not used when the user has changed since") {
    Rig rig;
    int looks = 0;
    rig.redis.after_get = [&] {
      if (++looks > 1) return;
      (void)rig.ask(kAnn);
      rig.store.write(kAnn, 300);
      rig.coherence.tick();
    };

    const auto answer = rig.ask(kAnn);

    CHECK(answer.history->tag() == rig.store.tag(kAnn));
    CHECK(rig.reader.reads == 2);
  }

  TEST_CASE("a value found in Redis is copied to memory") {
    Rig rig;
    (void)rig.ask(kAnn);
    rig.memory.set_back({});

    CHECK(rig.ask(kAnn).source == Source::redis);
    CHECK(rig.ask(kAnn).source == Source::memory);
    CHECK(rig.reader.reads == 1);
  }

  TEST_CASE("a changed user is read again, and the stale copies are replaced in both tiers") {
    Rig rig;
    (void)rig.ask(kAnn);
    rig.store.write(kAnn, 300);
    rig.coherence.tick();

    const auto answer = rig.ask(kAnn);

    CHECK(answer.source == Source::miss);
    CHECK(answer.history->body().find("00:05:00") != std::string::npos);
    CHECK(rig.memory.content().at(kAnn) == answer.history);
    CHECK(rig.redis.content().at(kAnn) == answer.history);
  }

  TEST_CASE("an unknown user is an empty list, kept in memory and never in Redis") {
    Rig rig;

    CHECK(rig.ask(kNobody).history->body() == "[]");
    CHECK(rig.ask(kNobody).source == Source::memory);
    CHECK_FALSE(rig.redis.contains(kNobody));

    rig.store.write(kNobody, 5);
    rig.coherence.tick();
    CHECK(rig.ask(kNobody).history->body() != "[]");
  }

  TEST_CASE(
      "without a fresh validation answers come from the store, nothing is kept and Redis is not asked") {
    Rig rig;
    (void)rig.ask(kAnn);
    rig.clock.advance(1s + 1ns);
    const int gets = rig.redis.gets;
    const int puts = rig.memory.puts;

    const auto answer = rig.ask(kAnn);

    CHECK(answer.source == Source::bypass);
    CHECK(rig.redis.gets == gets);
    CHECK(rig.memory.puts == puts);
  }

  TEST_CASE("without a usable tier the answer is a bypass") {
    Rig rig;
    rig.memory.broken = true;
    rig.redis.broken = true;
    CHECK(rig.ask(kAnn).source == Source::bypass);

    RatingService bare{rig.reader, rig.coherence, nullptr, nullptr, rig.clock};
    CHECK(bare.history(kAnn, rig.clock.now()).source == Source::bypass);

    rig.redis.broken = false;
    RatingService shared{rig.reader, rig.coherence, nullptr, &rig.redis, rig.clock};
    CHECK(shared.history(kAnn, rig.clock.now()).source == Source::miss);
    CHECK(shared.history(kAnn, rig.clock.now()).source == Source::redis);
  }

  TEST_CASE("the store gets two seconds from the request's arrival") {
    Rig rig;
    const auto arrived = rig.clock.now();
    rig.clock.advance(300ms);

    (void)rig.service.history(kAnn, arrived);

    CHECK(Instant{rig.reader.last_deadline} == arrived + 2s);
  }

  TEST_CASE("a store that is away is the caller's error, and forgotten when it is back") {
    Rig rig;
    rig.store.away = true;
    CHECK_THROWS_AS((void)rig.ask(kAnn), Error);

    rig.store.away = false;
    CHECK(rig.ask(kAnn).source == Source::miss);
  }

  TEST_CASE("a change between a read's snapshot and its answer makes the kept value useless") {
    Rig rig;
    rig.reader.after = [&] {
      rig.store.write(kAnn, 300);
      rig.coherence.tick();
    };
    (void)rig.ask(kAnn);  // its own answer may be from before: it arrived before the change
    rig.reader.after = [] {};

    const auto answer = rig.ask(kAnn);

    CHECK(answer.source == Source::miss);
    CHECK(answer.history->body().find("00:05:00") != std::string::npos);
  }

  TEST_CASE("a read that was suspended for longer than its request may take brings nothing back into Redis") {
    for (const auto late : {1'999ms, 2'000ms}) {
      Rig rig;
      rig.reader.after = [&] {
        rig.clock.advance(late);
        rig.coherence.tick();
      };

      CHECK(rig.ask(kAnn).source == Source::miss);

      CHECK(rig.redis.contains(kAnn) == (late < 2s));
    }
  }
}

TEST_SUITE("service: several users") {
  TEST_CASE("cached ones come from the cache, the others from one statement, in the order asked for") {
    Rig rig;
    (void)rig.ask(kBob);
    const UserId users[] = {kAnn, kBob, kNobody, kAnn};

    const auto answers = rig.service.histories(users, rig.clock.now());

    REQUIRE(answers.size() == 4);
    CHECK(answers[0].history->user() == kAnn);
    CHECK(answers[0].source == Source::miss);
    CHECK(answers[1].history->user() == kBob);
    CHECK(answers[1].source == Source::memory);
    CHECK(answers[2].history->body() == "[]");
    CHECK(answers[3].history == answers[0].history);
    CHECK(rig.reader.reads == 2);
    CHECK(rig.ask(kAnn).source == Source::memory);
    CHECK_FALSE(rig.redis.contains(kNobody));
  }

  TEST_CASE("when all are cached the store is not asked, and none asked for is an empty answer") {
    Rig rig;
    const UserId users[] = {kAnn, kBob};
    (void)rig.service.histories(users, rig.clock.now());
    const int reads = rig.reader.reads;

    CHECK(rig.service.histories(users, rig.clock.now())[1].source == Source::memory);
    CHECK(rig.service.histories({}, rig.clock.now()).empty());
    CHECK(rig.reader.reads == reads);
  }
}

}  // namespace
}  // namespace ratings
