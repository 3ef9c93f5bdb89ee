#include "unit/coherence_rig.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace ratings {
namespace {

using namespace std::chrono_literals;
using test::kAnn;
using test::kBob;
using test::Rig;

TEST_SUITE("coherence") {
  TEST_CASE("a value is good until its user changes, and others' changes do not matter") {
    Rig rig;
    rig.start();
    const auto ann = rig.store.tag(kAnn);
    CHECK(rig.usable(kAnn, ann));

    rig.store.write(kBob, 2);
    rig.coherence->tick();
    CHECK(rig.usable(kAnn, ann));

    rig.store.write(kAnn, 2);
    rig.coherence->tick();
    CHECK_FALSE(rig.usable(kAnn, ann));
    CHECK(rig.usable(kAnn, rig.store.tag(kAnn)));
  }

  TEST_CASE("a validation is good for exactly Δ, counted from before its question was sent") {
    Rig rig;
    rig.wire.before = [&] { rig.clock.advance(300ms); };
    rig.wire.after = [&] { rig.clock.advance(200ms); };
    const auto asked = rig.clock.now();
    rig.start();
    const auto tag = rig.store.tag(kAnn);

    CHECK(rig.coherence->usable(kAnn, tag, asked + 1'000ms));
    CHECK_FALSE(rig.coherence->usable(kAnn, tag, asked + 1'000ms + 1ns));
    CHECK_FALSE(rig.coherence->trusted(asked + 1'000ms + 1ns));
  }

  TEST_CASE("a change that happens while a question is under way is not missed by the next") {
    Rig rig;
    rig.start();
    const auto tag = rig.store.tag(kAnn);
    rig.wire.after = [&] { rig.store.write(kAnn, 2); };  // after the snapshot, before the reply
    rig.coherence->tick();
    rig.wire.after = [] {};
    CHECK(rig.usable(kAnn, tag));  // within Δ that is allowed

    rig.coherence->tick();

    CHECK_FALSE(rig.usable(kAnn, tag));
  }

  TEST_CASE("a bulk change makes every older value useless") {
    Rig rig;
    rig.start();
    const auto ann = rig.store.tag(kAnn);

    rig.store.write_all({kAnn, kBob}, 9);
    rig.coherence->tick();

    CHECK_FALSE(rig.usable(kAnn, ann));
    CHECK(rig.usable(kAnn, rig.store.tag(kAnn)));
  }

  TEST_CASE("more changed users than the store lists: every older value is asked about again") {
    Rig rig;
    rig.store.users_listed = 1;
    rig.start();
    const auto ann = rig.store.tag(kAnn);
    const auto zoe = rig.store.tag(UserId{26});
    rig.store.write(kAnn, 2);
    rig.store.write(kBob, 2);

    rig.coherence->tick();

    CHECK_FALSE(rig.usable(kAnn, ann));
    CHECK(rig.usable(kAnn, rig.store.tag(kAnn)));
    CHECK(rig.usable(UserId{26}, zoe));
    CHECK(rig.wire.look_ups == 2);
  }

  TEST_CASE("a value read at a point the validator has not reached makes it ask once for all") {
    Rig rig;
    rig.start();
    const int questions = rig.wire.questions;
    rig.store.write(kBob, 2);
    const auto ann = rig.store.tag(kAnn);
    const auto bob = rig.store.tag(kBob);
    rig.clock.advance(1ms);
    CHECK_FALSE(rig.coherence->usable_at_once(kAnn, ann, rig.clock.now()));
    CHECK(rig.wire.questions == questions);  // not on a thread that many share

    CHECK(rig.usable(kAnn, ann));
    CHECK(rig.usable(kBob, bob));
    CHECK(rig.coherence->usable_at_once(kAnn, ann, rig.clock.now()));
    CHECK(rig.wire.questions == questions + 1);
    CHECK(rig.wire.look_ups == 0);
  }

  TEST_CASE("a value read at a point that the store has not reached either is refused") {
    Rig rig;
    rig.start();
    auto tag = rig.store.tag(kAnn);
    ++tag.read.position;
    rig.clock.advance(1ms);

    CHECK_FALSE(rig.usable(kAnn, tag));

    rig.store.write(kBob, 2);  // now it has, with another salt
    rig.clock.advance(1ms);
    CHECK_FALSE(rig.usable(kAnn, tag));
  }

  TEST_CASE("a value of a point to come is refused while the store cannot be asked") {
    Rig rig;
    rig.start();
    rig.store.write(kBob, 2);
    const auto ann = rig.store.tag(kAnn);
    rig.store.away = true;
    rig.clock.advance(1ms);

    CHECK_FALSE(rig.usable(kAnn, ann));
  }

  TEST_CASE("a value with the right position and a wrong salt is refused") {
    Rig rig;
    rig.start();
    auto tag = rig.store.tag(kAnn);
    tag.read.salt.bytes[15] ^= 1U;

    CHECK_FALSE(rig.usable(kAnn, tag));
  }

  TEST_CASE("a value with the right point and a wrong own position is refused") {
    Rig rig;
    rig.start();
    rig.store.write(kAnn, 2);
    rig.coherence->tick();
    auto tag = rig.store.tag(kAnn);

    for (const std::int64_t wrong : {-1, +1}) {
      auto other = tag;
      other.own += wrong;
      CHECK_FALSE(rig.usable(kAnn, other));
    }
    auto bob = rig.store.tag(kBob);
    bob.own = bob.read.position;  // not moved since the start, so this cannot be
    CHECK_FALSE(rig.usable(kBob, bob));
  }
}

TEST_SUITE("coherence: values from before the start") {
  TEST_CASE("the store is asked once, and its yes is remembered until the user changes") {
    Rig rig;
    const auto tag = rig.store.tag(kAnn);
    rig.store.write(kBob, 2);
    rig.start();

    CHECK(rig.usable(kAnn, tag));
    CHECK(rig.usable(kAnn, tag));
    CHECK(rig.wire.look_ups == 1);

    rig.store.write(kAnn, 2);
    rig.coherence->tick();
    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK(rig.wire.look_ups == 1);
  }

  TEST_CASE("the yes is for that value alone") {
    Rig rig;
    const auto tag = rig.store.tag(kAnn);
    rig.store.write(kBob, 2);
    rig.start();
    REQUIRE(rig.usable(kAnn, tag));
    auto forged = tag;
    forged.read.salt.bytes[3] ^= 1U;

    CHECK_FALSE(rig.usable(kAnn, forged));
    CHECK(rig.usable(kAnn, tag));
  }

  TEST_CASE("a user who changed before the start is found out") {
    Rig rig;
    const auto tag = rig.store.tag(kAnn);
    rig.store.write(kAnn, 2);
    rig.start();

    CHECK_FALSE(rig.usable(kAnn, tag));
  }

  TEST_CASE("a value from a history that was lost is refused") {
    Rig rig;
    const auto backup = rig.store.backup();
    rig.store.write(kAnn, 2);
    const auto lost = rig.store.tag(kAnn);
    rig.store.restore(backup);
    rig.store.write(kBob, 3);
    rig.store.write(kBob, 4);
    rig.start();

    CHECK_FALSE(rig.usable(kAnn, lost));
  }

  TEST_CASE("while the store is away nothing is asked and the answer is no") {
    Rig rig;
    const auto tag = rig.store.tag(kAnn);
    rig.store.write(kBob, 2);
    rig.start();
    rig.store.away = true;

    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK_FALSE(rig.usable(kAnn, tag));
    CHECK(rig.wire.look_ups == 1);  // the second one knows of the first's failure
  }

  TEST_CASE("points that the store cut from its list are asked about") {
    Rig rig;
    rig.store.points_listed = 1;
    rig.start();
    rig.store.write(kBob, 2);
    const auto ann = rig.store.tag(kAnn);
    rig.store.write(kBob, 3);

    rig.coherence->tick();

    CHECK(rig.usable(kAnn, ann));
    CHECK(rig.wire.look_ups == 1);
  }
}

TEST_SUITE("coherence: another history") {
  TEST_CASE("after a restore every value of the lost history is refused, those before the fork are not") {
    Rig rig;
    rig.start();
    const auto common = rig.store.tag(kBob);
    const auto backup = rig.store.backup();
    rig.store.write(kAnn, 2);
    rig.coherence->tick();
    const auto lost = rig.store.tag(kAnn);
    const auto lost_bob = rig.store.tag(kBob);
    REQUIRE(rig.usable(kAnn, lost));

    rig.store.restore(backup);
    rig.coherence->tick();
    CHECK_FALSE(rig.usable(kAnn, lost));
    CHECK_FALSE(rig.usable(kBob, lost_bob));
    CHECK(rig.usable(kBob, common));

    rig.store.write(kAnn, 3);  // the same position as the lost one, another salt
    rig.coherence->tick();
    CHECK(lost.read.position == rig.store.now().position);
    CHECK_FALSE(rig.usable(kAnn, lost));
    CHECK_FALSE(rig.usable(kBob, lost_bob));
    CHECK(rig.usable(kAnn, rig.store.tag(kAnn)));
  }

  TEST_CASE("a remembered yes does not survive a restore") {
    Rig rig;
    const auto backup = rig.store.backup();
    rig.store.write(kAnn, 2);
    const auto lost = rig.store.tag(kAnn);
    rig.store.write(kBob, 2);
    rig.start();
    REQUIRE(rig.usable(kAnn, lost));

    rig.store.restore(backup);
    rig.coherence->tick();

    CHECK_FALSE(rig.usable(kAnn, lost));
  }
}

TEST_SUITE("coherence: bounds") {
  TEST_CASE("more moved users and points than are remembered cost questions, never a wrong yes") {
    // A little beyond the limit: the newest points are still known when the shards have started anew.
    constexpr std::int64_t kMoves = 104'000;
    constexpr std::int64_t kMovesPerCheck = 500;
    test::FakeStore store;
    auto state = store.changes_since(std::nullopt).state;
    Timeline timeline;
    timeline.start(state);
    std::vector<std::pair<UserId, Tag>> read;
    for (std::int64_t user = 1; user <= kMoves;) {
      Changes changes{.state = state, .known_point = true, .moved = {}, .history = {}};
      for (std::int64_t i = 0; i < kMovesPerCheck; ++i, ++user) {
        const ReadPoint point{.position = ++state.now.position, .salt = {}};
        changes.moved.emplace_back(UserId{user}, point.position);
        changes.history.push_back(point);
        if (i == 0) read.emplace_back(UserId{user}, Tag{.own = point.position, .read = point});
      }
      changes.state.now = state.now = changes.history.back();
      timeline.advance(changes);
    }

    for (const auto& [user, tag] : read) {
      CHECK(timeline.judge(user, tag) != Verdict::no);
      auto stale = tag;  // from before the user moved
      stale.own = 0;
      stale.read.position -= 1;
      CHECK(timeline.judge(user, stale) != Verdict::yes);
    }
    CHECK(timeline.judge(read.back().first, read.back().second) == Verdict::yes);
    CHECK(timeline.judge(read.front().first, read.front().second) == Verdict::ask);
  }
}

}  // namespace
}  // namespace ratings
