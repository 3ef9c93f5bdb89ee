#include "unit/coherence_rig.hpp"

#include <doctest/doctest.h>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::Rig;

TEST_SUITE("coherence: trust") {
  TEST_CASE("a store that is away at the start is not trusted, and is when it comes") {
    Rig rig;
    rig.store.away = true;
    rig.start();
    CHECK_FALSE(rig.coherence->trusted(rig.clock.now()));
    REQUIRE(rig.coherence->checks().size() == 1);
    CHECK(rig.coherence->checks()[0].name == "store");
    CHECK_FALSE(rig.coherence->checks()[0].ok);

    rig.store.away = false;
    rig.clock.advance(2s);
    rig.coherence->tick();

    CHECK(rig.coherence->trusted(rig.clock.now()));
    CHECK(rig.coherence->checks()[0].ok);
  }

  TEST_CASE("a store that goes away leaves hits until Δ has run out, and no longer") {
    Rig rig;
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    const auto validated = rig.clock.now();
    rig.store.away = true;

    rig.clock.advance(1s);
    rig.coherence->tick();
    CHECK(rig.usable(kAnn, tag));
    CHECK_FALSE(rig.coherence->checks()[0].ok);

    rig.clock.advance(1ns);
    rig.coherence->tick();
    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK(rig.coherence->usable(kAnn, tag, validated + 1s));
  }

  TEST_CASE("retries come slower and slower, up to two seconds, and start over after a success") {
    Rig rig;
    rig.store.away = true;
    rig.start();
    std::chrono::nanoseconds pause{};
    for (int i = 0; i < 10; ++i) {
      pause = rig.coherence->tick();
      CHECK(pause > 0ns);
      CHECK(pause <= 2s);
      rig.clock.advance(pause);
    }
    CHECK(rig.coherence->tick() >= 1s);

    rig.clock.advance(2s);
    rig.store.away = false;
    CHECK(rig.coherence->tick() == 250ms);
    rig.store.away = true;
    CHECK(rig.coherence->tick() <= 50ms);
  }

  TEST_CASE("a broken trigger stops caching within a second, and its repair brings it back") {
    Rig rig;
    rig.wire.checks.push_back({.name = "triggers", .ok = true, .blocks_cache = true, .detail = ""});
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    REQUIRE(rig.usable(kAnn, tag));

    rig.wire.checks.back().ok = false;
    rig.clock.advance(1s);
    rig.coherence->tick();
    CHECK_FALSE(rig.coherence->trusted(rig.clock.now()));
    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK_FALSE(rig.coherence->checks().back().ok);

    rig.wire.checks.back().ok = true;
    rig.clock.advance(1s);
    rig.coherence->tick();
    CHECK(rig.usable(kAnn, tag));
  }

  TEST_CASE("a server in recovery is named, nothing is trusted, and its promotion is seen") {
    Rig rig;
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    REQUIRE(rig.usable(kAnn, tag));
    rig.wire.recovery = true;
    rig.wire.checks.push_back(
        {.name = "primary", .ok = false, .blocks_cache = true, .detail = "in recovery"});

    rig.clock.advance(250ms);
    rig.coherence->tick();

    CHECK_FALSE(rig.coherence->trusted(rig.clock.now()));
    REQUIRE(rig.coherence->checks().size() == 2);
    CHECK(rig.coherence->checks()[0].ok);  // it does answer
    CHECK(rig.coherence->checks()[1].name == "primary");

    rig.wire.recovery = false;
    rig.wire.checks.pop_back();
    rig.clock.advance(2s);
    rig.coherence->tick();
    CHECK(rig.usable(kAnn, tag));
  }

  TEST_CASE("a store that answers but has no schema is looked at, not called away") {
    Rig rig;
    rig.wire.no_schema = true;
    rig.wire.checks.push_back({.name = "schema", .ok = false, .blocks_cache = true, .detail = "missing"});
    rig.start();
    CHECK_FALSE(rig.coherence->trusted(rig.clock.now()));
    REQUIRE(rig.coherence->checks().size() == 2);
    CHECK(rig.coherence->checks()[1].name == "schema");
  }

  TEST_CASE("figures count validations and tell the age of the last good one from its question on") {
    Rig rig;
    rig.store.away = true;
    rig.start();
    CHECK(rig.coherence->figures()->failures == 1);
    CHECK_FALSE(rig.coherence->figures()->age.has_value());

    rig.store.away = false;
    rig.clock.advance(2s);
    rig.wire.after = [&] { rig.clock.advance(30ms); };
    rig.coherence->tick();
    rig.wire.after = [] {};
    rig.clock.advance(200ms);

    const auto figures = *rig.coherence->figures();
    CHECK(figures.validations == 1);
    CHECK(figures.failures == 1);
    CHECK(figures.age == 230ms);
    CHECK(figures.position == rig.store.now().position);
    CHECK(figures.delta == 1'000ms);
  }

  TEST_CASE("a failed check that does not concern caching is shown and changes nothing") {
    Rig rig;
    rig.wire.checks.push_back({.name = "disk", .ok = false, .blocks_cache = false, .detail = "nearly full"});
    rig.start();

    CHECK(rig.coherence->trusted(rig.clock.now()));
    CHECK(rig.coherence->checks().back().detail == "nearly full");
  }

  TEST_CASE("a new Δ counts from the next validation on") {
    Rig rig{1'000ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.store.delta = 100ms;
    CHECK(rig.coherence->tick() == 25ms);

    const auto validated = rig.clock.now();
    CHECK(rig.coherence->usable(kAnn, tag, validated + 100ms));
    CHECK_FALSE(rig.coherence->usable(kAnn, tag, validated + 101ms));
  }
}

TEST_SUITE("coherence: strict mode") {
  TEST_CASE("each request is answered from a question sent after it arrived") {
    Rig rig{0ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.clock.advance(1ns);
    CHECK(rig.usable(kAnn, tag));

    rig.clock.advance(1ns);
    rig.store.write(kAnn, 2);
    rig.clock.advance(1ns);

    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK(rig.usable(kAnn, rig.store.tag(kAnn)));
  }

  TEST_CASE("one question serves everything that had arrived when it was sent") {
    Rig rig{0ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.clock.advance(1ns);
    const int before = rig.wire.questions;

    const auto early = rig.clock.now();
    rig.clock.advance(5ms);
    CHECK(rig.usable(kAnn, tag));
    CHECK(rig.coherence->usable(kAnn, tag, early));
    CHECK(rig.coherence->trusted(early));

    CHECK(rig.wire.questions == before + 1);
  }

  TEST_CASE("a question under way when the request arrived does not count") {
    Rig rig{0ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.clock.advance(1ns);
    const auto sent = rig.clock.now();
    rig.wire.before = [&] { rig.clock.advance(1ms); };
    CHECK(rig.coherence->usable(kAnn, tag, sent));
    rig.wire.before = [] {};

    const int before = rig.wire.questions;
    CHECK(rig.coherence->usable(kAnn, tag, sent + 1ns));
    CHECK(rig.wire.questions == before + 1);
  }

  TEST_CASE("a store that is away means no, at once, and recovers by itself") {
    Rig rig{0ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.store.away = true;
    rig.clock.advance(1ns);
    CHECK_FALSE(rig.usable(kAnn, tag));
    const int asked = rig.wire.questions;
    rig.clock.advance(1ns);
    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK(rig.wire.questions == asked);  // not again before the retry is due

    rig.store.away = false;
    rig.clock.advance(2s);
    CHECK(rig.usable(kAnn, tag));
  }

  TEST_CASE("strict mode can be left and entered while running") {
    Rig rig{0ms};
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.store.delta = 1'000ms;
    rig.clock.advance(1ns);
    REQUIRE(rig.usable(kAnn, tag));
    const int before = rig.wire.questions;
    rig.clock.advance(1ms);
    CHECK(rig.usable(kAnn, tag));
    CHECK(rig.wire.questions == before);

    rig.store.delta = 0ms;
    rig.coherence->tick();
    rig.clock.advance(1ns);
    rig.store.write(kAnn, 2);
    CHECK_FALSE(rig.usable(kAnn, tag));
  }
}

}  // namespace
}  // namespace ratings
