#include "service/hit_sampler.hpp"

#include "coherence/position_coherence.hpp"
#include "support/fake_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_history_reader.hpp"

#include "ratings/service.hpp"

#include <doctest/doctest.h>

#include <memory>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;

/// A server whose sampler is stepped by the test.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the members are built in this order
struct SamplerRig {
  explicit SamplerRig(std::uint64_t one_in = 1)
      : sampler{reader,
                coherence,
                clock,
                {.one_in = one_in, .tiers = {&memory, nullptr, &redis}},
                HitSampler::Background::none} {
    store.write(kAnn, 100);
    coherence.tick();
    (void)ask();
  }
  Answer ask() { return service.history(kAnn, clock.now()); }
  /// A hit, and its comparison.
  void hit() {
    REQUIRE(ask().source == Source::memory);
    sampler.step();
  }
  /// What a bug would do: other bytes under the tag of the right ones.
  void plant(const std::string& body) {
    auto content = memory.content();
    const auto tag = content.at(kAnn)->tag();
    content[kAnn] = std::make_shared<const CachedHistory>(kAnn, tag, body);
    memory.set_back(content);
  }

  test::FakeClock clock;
  test::FakePositionReader::Wire wire;
  test::FakeStore store;
  test::FakeHistoryReader reader{store};
  test::FakeCache memory;
  test::FakeCache redis;
  PositionCoherence coherence{std::make_unique<test::FakePositionReader>(store, wire), clock,
                              Background::none};
  HitSampler sampler;
  RatingService service{reader, coherence, &memory, &redis, clock, &sampler};
};

TEST_SUITE("sampler") {
  TEST_CASE("an honest hit is equal, and nothing is dropped") {
    SamplerRig rig;
    rig.hit();

    CHECK(rig.sampler.figures().equal == 1);
    CHECK(rig.sampler.figures().mismatches == 0);
    CHECK(rig.memory.contains(kAnn));
  }

  TEST_CASE("other bytes under the right position are a mismatch, and the value leaves both tiers") {
    SamplerRig rig;
    rig.plant("[]");
    rig.hit();

    CHECK(rig.sampler.figures().mismatches == 1);
    CHECK_FALSE(rig.memory.contains(kAnn));
    CHECK_FALSE(rig.redis.contains(kAnn));
    CHECK(rig.ask().source == Source::miss);
  }

  TEST_CASE("a change between hit and reading is no mismatch") {
    SamplerRig rig;
    REQUIRE(rig.ask().source == Source::memory);
    rig.store.write(kAnn, 200);
    rig.sampler.step();
    CHECK(rig.sampler.figures().mismatches == 0);

    rig.clock.advance(2s);  // by now a check must have seen the change
    rig.coherence.tick();
    rig.sampler.step();
    CHECK(rig.sampler.figures().changed == 1);
    CHECK(rig.sampler.figures().mismatches == 0);
  }

  TEST_CASE("a value that is still believed Δ after the store said otherwise is a mismatch") {
    SamplerRig rig;
    const auto before = rig.store.backup();
    REQUIRE(rig.ask().source == Source::memory);
    rig.store.write(kAnn, 200);
    const auto after = rig.store.backup();
    rig.sampler.step();

    rig.store.restore(before);  // a validator that does not see the change
    rig.clock.advance(2s);
    rig.coherence.tick();
    rig.store.restore(after);
    rig.sampler.step();

    CHECK(rig.sampler.figures().mismatches == 1);
    CHECK_FALSE(rig.memory.contains(kAnn));
  }

  TEST_CASE("a restored store that says again what is cached is no mismatch") {
    SamplerRig rig;
    const auto before = rig.store.backup();
    REQUIRE(rig.ask().source == Source::memory);
    rig.store.write(kAnn, 200);
    rig.sampler.step();

    rig.store.restore(before);
    rig.clock.advance(2s);
    rig.coherence.tick();
    rig.sampler.step();

    CHECK(rig.sampler.figures().mismatches == 0);
    CHECK(rig.sampler.figures().changed == 1);
    CHECK(rig.memory.contains(kAnn));
  }

  TEST_CASE("the same own position in another history says nothing") {
    SamplerRig rig;
    const auto fork = rig.store.backup();
    rig.store.write(kAnn, 200);
    rig.coherence.tick();
    (void)rig.ask();
    REQUIRE(rig.ask().source == Source::memory);
    rig.store.restore(fork);
    rig.store.write(kAnn, 300);  // the same number, another salt
    rig.sampler.step();

    CHECK(rig.sampler.figures().mismatches == 0);
    CHECK(rig.sampler.figures().changed == 1);
  }

  TEST_CASE("one hit in N is compared, and one that finds the place taken is dropped") {
    SamplerRig rig{3};
    const auto reads = rig.reader.reads.load();
    for (int i = 0; i < 5; ++i) rig.hit();
    CHECK(rig.sampler.figures().equal == 1);
    CHECK(rig.reader.reads == reads + 1);

    for (int i = 0; i < 4; ++i) (void)rig.ask();  // the sixth and the ninth are chosen
    rig.sampler.step();
    CHECK(rig.sampler.figures().equal == 2);
    CHECK(rig.sampler.figures().skipped == 1);
  }

  TEST_CASE("misses are not compared: they are the store's own words") {
    SamplerRig rig;
    rig.memory.set_back({});
    rig.redis.set_back({});
    REQUIRE(rig.ask().source == Source::miss);
    const auto reads = rig.reader.reads.load();
    rig.sampler.step();
    CHECK(rig.reader.reads == reads);
  }

  TEST_CASE("a busy store is not asked") {
    struct Busy final : HistoryReader {
      History history(UserId, Instant) override { throw Error{Kind::internal, "asked all the same"}; }
      std::vector<History> histories(std::span<const UserId>, Instant) override { return {}; }
      std::optional<History> spare_history(UserId, Instant) override { return std::nullopt; }
    } busy;
    SamplerRig rig;
    HitSampler sampler{
        busy, rig.coherence, rig.clock, {.one_in = 1, .tiers = {}}, HitSampler::Background::none};
    sampler.hit(rig.memory.content().at(kAnn));
    sampler.step();
    CHECK(sampler.figures().skipped == 1);
  }

  TEST_CASE(
      "a history of several megabytes is left out: comparing it would take more memory than is promised") {
    SamplerRig rig;
    rig.plant(std::string(7'000'000, ' '));
    rig.hit();
    CHECK(rig.sampler.figures().skipped == 1);
    CHECK(rig.sampler.figures().mismatches == 0);
  }

  TEST_CASE("its own thread compares, survives a store that fails, and ends with it") {
    SamplerRig rig;
    {
      const auto sampler =
          make_sampler(rig.reader, rig.coherence, rig.clock, {.one_in = 1, .tiers = {&rig.memory}});
      const auto value = rig.memory.content().at(kAnn);
      const auto done = [&](auto number) {
        for (;;) {
          if (number(sampler->figures()) > 0) return;
          std::this_thread::yield();
        }
      };
      rig.store.away = true;
      sampler->hit(value);
      done([](const SamplerFigures& figures) { return figures.skipped; });
      rig.store.away = false;
      sampler->hit(value);
      done([&](const SamplerFigures& figures) {
        sampler->hit(value);
        return figures.equal;
      });
    }
    CHECK(rig.memory.contains(kAnn));
  }
}

}  // namespace
}  // namespace ratings
