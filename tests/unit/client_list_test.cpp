#include "http/client_list.hpp"

#include <doctest/doctest.h>

using namespace ratings;
using namespace ratings::http;
using namespace std::chrono_literals;

TEST_SUITE("client_list") {
  TEST_CASE("a client that takes nothing is given up its patience after its last byte, and a look at most") {
    for (const auto last : {0ms, 10ms, 1500ms, 9'999ms}) {
      CAPTURE(last.count());
      const auto begun = Instant{1h};
      ClientList list{Patience{}};
      auto& client = list.add(1, Descriptor{-1}, begun);
      list.wait_for(client, Waiting::writing, begun);
      client.took = begun;
      auto now = begun;
      for (auto looked = begun; !list.stuck(client, now); looked = now) {
        now = list.next_deadline().value();
        REQUIRE(list.overdue(now) == &client);
        if (looked <= begun + last && begun + last < now)
          client.took = now;  // as the kernel says at that look
        list.wait_for(client, Waiting::writing, now);
      }
      CHECK(now - (begun + last) >= 10s);
      CHECK(now - (begun + last) <= 11s);
    }
  }

  TEST_CASE("the next deadline is that of the client whose patience ends first, whatever it waits for") {
    const Patience patience;
    const auto now = Instant{1h};
    ClientList list{patience};
    auto& idle = list.add(1, Descriptor{-1}, now);
    CHECK(list.next_deadline() == now + patience.idle);
    auto& slow = list.add(2, Descriptor{-1}, now);
    list.wait_for(slow, Waiting::head, now + 1s);
    CHECK(list.next_deadline() == now + 1s + patience.head);
    CHECK(list.overdue(now + 1s + patience.head) == &slow);
    list.wait_for(slow, Waiting::worker, now + 2s);
    CHECK(list.next_deadline() == now + patience.idle);
    CHECK(list.overdue(now + patience.idle) == &idle);
  }
}
