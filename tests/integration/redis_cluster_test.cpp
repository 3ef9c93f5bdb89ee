#include "redis/cluster.hpp"
#include "redis_cluster_rig.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace ratings::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kUsers = 600;

TEST_SUITE("redis cluster: who holds what") {
  TEST_CASE("slots are those that CLUSTER KEYSLOT says, of keys as they may be") {
    const ClusterRig rig;
    const auto seed = std::random_device{}();
    MESSAGE("seed ", seed);
    std::minstd_rand random{seed};
    const std::string_view letters{"ab{}:\0\xff\r\n", 9};
    for (int i = 0; i < 300; ++i) {
      std::string key;
      for (auto length = random() % 12; length > 0; --length) key += letters[random() % letters.size()];
      CAPTURE(key);
      CHECK(rig.ask(1, {"CLUSTER", "KEYSLOT", key}).integer == slot_of(key));
    }
    CHECK(rig.ask(1, {"CLUSTER", "KEYSLOT", "123456789"}).integer == 12'739);
  }

  TEST_CASE(
      "each user is asked for at the node that holds the slot: one map, no redirection, every node used") {
    ClusterRig rig;
    rig.put(0, kUsers);
    const auto tally = rig.get(0, kUsers);

    CHECK(tally.right == kUsers);
    CHECK(rig.cache->faults() == 0);
    const auto figures = rig.figures();
    CHECK(figures.cluster->maps == 1);
    CHECK(figures.cluster->redirections == 0);
    CHECK(figures.cluster->nodes.size() == 3);
    CHECK(figures.connections_idle == 3);
    long long keys = 0;
    for (int node = 1; node <= 3; ++node) {
      const auto here = rig.ask(node, {"DBSIZE"}).integer;
      CHECK(here > kUsers / 5);
      keys += here;
    }
    CHECK(keys == kUsers);
  }

  TEST_CASE("one node is enough to find the others, and a dead first address does no harm") {
    ClusterRig rig;
    for (const auto& url : {"redis-cluster://" + rig.cluster.address(2),
                            "redis-cluster://127.0.0.1:1," + rig.cluster.address(3)}) {
      CAPTURE(url);
      rig.cache = rig.make_cache(url);
      rig.fill(0, 100);
      CHECK(rig.figures().cluster->nodes.size() == 3);
      CHECK(rig.figures().cluster->redirections == 0);
    }
  }

  TEST_CASE("redis:// at a node of a cluster is a fault that names the way out, not a cache with holes") {
    ClusterRig rig;
    rig.cache = rig.make_cache("redis://" + rig.cluster.address(1));
    rig.put(0, 50);
    CHECK(rig.cache->faults() > 0);
    CHECK(rig.get(0, 50).wrong == 0);
  }

  TEST_CASE("nodes that announce no host are where the one asked is") {
    ClusterRig rig;
    for (int node = 1; node <= 3; ++node)
      (void)rig.ask(node, {"CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint"});
    CHECK(rig.ask(1, {"CLUSTER", "SLOTS"}).elements[0].elements[2].elements[0].type == Reply::Type::nil);

    rig.fill(0, 100);
    // Behind the cache's back, so that it is told by a redirection as well.
    rig.cluster.move(1, 2, 2'000);
    CHECK(rig.get(0, 100).wrong == 0);
    rig.fill(0, 100);
    CHECK(rig.figures().cluster->redirections > 0);
  }
}

TEST_SUITE("redis cluster: slots that move") {
  TEST_CASE("a live reshard under readers and writers: nothing wrong, nothing missing, few maps") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::atomic<int> rounds{0};
    {
      std::vector<std::jthread> threads;
      threads.emplace_back([&] {
        while (!stop) rig.put(kUsers, 2 * kUsers);
      });
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
          while (!stop) {
            wrong += rig.get(0, 2 * kUsers).wrong;
            rig.clock.advance(20ms);
            ++rounds;
          }
        });
      }
      rig.cluster.move(1, 2, 1'000);
      rig.cluster.move(3, 1, 500);
      stop = true;
    }
    CHECK(wrong == 0);
    CHECK(rounds > 0);
    CHECK(rig.cache->refused() == 0);
    CHECK(rig.figures().cluster->redirections > 0);

    CHECK(rig.get(0, kUsers).right == kUsers);
    rig.clock.advance(1s);
    (void)rig.get(0, kUsers);  // the last map, if a redirection still shows that one is due
    const auto before = rig.figures().cluster->redirections;
    CHECK(rig.get(0, kUsers).right == kUsers);
    CHECK(rig.figures().cluster->redirections == before);
  }

  TEST_CASE(
      "a slot between two nodes is found by ASK, without a new map, and by one MOVED when it has arrived") {
    ClusterRig rig;
    rig.put(0, 1);
    const auto from = rig.holder(0);
    REQUIRE(from != 0);
    const auto to = from % 3 + 1;
    const auto key = codec::key(ClusterRig::kStoreId, UserId{0});
    const auto slot = std::to_string(slot_of(key));
    const auto from_id = rig.ask(from, {"CLUSTER", "MYID"}).text;
    const auto to_id = rig.ask(to, {"CLUSTER", "MYID"}).text;
    (void)rig.ask(to, {"CLUSTER", "SETSLOT", slot, "IMPORTING", from_id});
    (void)rig.ask(from, {"CLUSTER", "SETSLOT", slot, "MIGRATING", to_id});
    CHECK(rig.get(0, 1).right == 1);  // still there
    CHECK(rig.figures().cluster->redirections == 0);

    (void)rig.ask(from, {"MIGRATE", "127.0.0.1", std::to_string(rig.cluster.port(to)), key, "0", "1000"});
    rig.clock.advance(1s);
    CHECK(rig.get(0, 1).right == 1);
    rig.put(0, 1);
    const std::vector<UserId> users{UserId{0}};
    CHECK(rig.cache->erase(users));
    CHECK(rig.get(0, 1).missed == 1);
    rig.put(0, 1);
    CHECK(rig.figures().cluster->redirections == 5);
    CHECK(rig.figures().cluster->maps == 1);
    CHECK(rig.cache->faults() == 0);

    for (const auto node : {to, from}) (void)rig.ask(node, {"CLUSTER", "SETSLOT", slot, "NODE", to_id});
    CHECK(rig.get(0, 1).right == 1);
    CHECK(rig.figures().cluster->redirections == 6);
    CHECK(rig.figures().cluster->maps == 2);
    CHECK(rig.get(0, 1).right == 1);
    CHECK(rig.figures().cluster->redirections == 6);
  }

  TEST_CASE("many users are erased where they are, also those whose slots have moved") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    rig.cluster.move(2, 3, 3'000);
    std::vector<UserId> users;
    for (std::int64_t user = 0; user < kUsers; ++user) users.push_back(UserId{user});

    CHECK(rig.cache->erase(users));

    for (int node = 1; node <= 3; ++node) CHECK(rig.ask(node, {"DBSIZE"}).integer == 0);
  }
}

TEST_SUITE("redis cluster: nodes that go and come") {
  TEST_CASE(
      "one node of three is killed: its users are misses, the others are served, maps are asked for rarely") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    int held = 0;
    {
      const auto slots = rig.ask(1, {"CLUSTER", "SLOTS"});
      for (std::int64_t user = 0; user < kUsers; ++user) {
        const auto slot = slot_of(codec::key(ClusterRig::kStoreId, UserId{user}));
        for (const auto& range : slots.elements)
          held += slot >= range.elements[0].integer && slot <= range.elements[1].integer &&
                  range.elements[2].elements[1].integer == rig.cluster.port(2);
      }
    }
    rig.cluster.kill(2);
    rig.clock.advance(1s);
    const auto healthy = rig.figures();

    for (int round = 0; round < 3; ++round) {
      const auto tally = rig.get(0, kUsers);
      CHECK(tally.wrong == 0);
      CHECK(tally.missed == held);
      CHECK(tally.right == kUsers - held);
    }
    auto figures = rig.figures();
    CHECK(figures.cluster->maps == healthy.cluster->maps + 1);  // for all the faults: the clock stands still
    CHECK_FALSE(figures.breaker_open);
    CHECK(rig.cache->usable());
    for (const auto& node : figures.cluster->nodes)
      CHECK(node.breaker_open == (node.name == rig.cluster.address(2)));
    CHECK(figures.failed <= healthy.failed + Breaker::kFailures + 1);

    // A second of the clock is one trial of the dead node, and so at most one map more.
    rig.clock.advance(1s);
    CHECK(rig.get(0, kUsers).wrong == 0);
    CHECK(rig.figures().cluster->maps <= healthy.cluster->maps + 2);

    std::vector<UserId> users;
    for (std::int64_t user = 0; user < kUsers; ++user) users.push_back(UserId{user});
    CHECK_FALSE(rig.cache->erase(users));
    CHECK(rig.get(0, kUsers).right == 0);
  }

  TEST_CASE(
      "a node comes back empty, and one with an old dump: misses or what it held, and it is used again") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    rig.cluster.keep(1);
    rig.cluster.kill(1);
    CHECK(rig.get(0, kUsers).wrong == 0);
    rig.cluster.restart(1);
    CHECK(rig.within_20_s([&] {
      rig.put(0, kUsers);
      return rig.get(0, kUsers).right == kUsers;
    }));

    rig.cluster.kill(1);
    rig.cluster.restart(1, rig.cluster.dump());
    CHECK(rig.within_20_s([&] { return rig.get(0, kUsers).right == kUsers; }));
    CHECK(rig.cache->refused() == 0);
    CHECK_FALSE(rig.figures().breaker_open);
  }

  TEST_CASE("a cluster answers when all of its nodes do, whichever of them is dead") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    CHECK(answers(*rig.cache));
    for (int node = 1; node <= test::RedisCluster::kNodes; ++node) {
      rig.cluster.kill(node);
      CHECK_FALSE(answers(*rig.cache));
      rig.cluster.restart(node);
      CHECK(rig.within_20_s([&] { return answers(*rig.cache); }));
    }
  }

  TEST_CASE("all nodes are killed: nothing is sent, and when they are back everything is as before") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    for (int node = 1; node <= 3; ++node) rig.cluster.kill(node);
    CHECK(rig.get(0, kUsers).missed == kUsers);
    CHECK_FALSE(rig.cache->usable());
    CHECK(rig.figures().breaker_open);

    for (int node = 1; node <= 3; ++node) rig.cluster.restart(node);
    CHECK(rig.within_20_s([&] {
      rig.put(0, kUsers);
      return rig.get(0, kUsers).right == kUsers;
    }));
    CHECK(rig.cache->usable());
  }

  TEST_CASE("a node that has forgotten its cluster does not make the others be forgotten") {
    ClusterRig rig;
    rig.fill(0, kUsers);
    (void)rig.ask(3, {"FLUSHALL"});
    (void)rig.ask(3, {"CLUSTER", "RESET", "HARD"});

    for (int i = 0; i < 20; ++i) {
      const auto tally = rig.get(0, kUsers);
      CHECK(tally.wrong == 0);
      CHECK(tally.right > kUsers / 2);
      rig.clock.advance(1s);
    }
  }

  TEST_CASE("nobody there: a miss, no exception") {
    test::FakeClock clock;
    RedisCache cache{{.url = "redis-cluster://127.0.0.1:1,127.0.0.1:2", .password = "", .store_id = "x"},
                     clock};
    CHECK(cache.usable());
    CHECK(cache.get(UserId{1}) == nullptr);
    CHECK(cache.faults() > 0);
    const std::vector<UserId> users{UserId{1}};
    CHECK_FALSE(cache.erase(users));
    CHECK(cache.figures().redis->cluster->nodes.size() == 2);
  }
}

TEST_SUITE("redis cluster: logging in") {
  TEST_CASE("every node is given the login, also one that was named by another") {
    ClusterRig rig{"s3cret"};
    const auto attempt = [&](const std::string& login) {
      rig.cache = rig.make_cache("redis-cluster://" + login + rig.cluster.address(1));
      rig.put(0, 60);
      return rig.get(0, 60).right == 60 && rig.cache->faults() == 0;
    };
    CHECK(attempt(":s3cret@"));
    CHECK(attempt("default:s3cret@"));
    CHECK_FALSE(attempt(":wrong@"));
    CHECK_FALSE(attempt(""));
  }
}

}  // namespace
}  // namespace ratings::redis
