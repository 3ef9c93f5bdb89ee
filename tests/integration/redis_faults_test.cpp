#include "cache/codec.hpp"
#include "redis/connection.hpp"
#include "redis/redis_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/redis_server.hpp"
#include "support/unhurried.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>

namespace ratings::redis {
namespace {

using namespace std::chrono_literals;
using test::RedisServer;

constexpr UserId kAnn{1};
constexpr UserId kBob{2};
constexpr auto kStoreId = "faults";

CachedHistoryPtr value(UserId user, const std::string& body = "[]") {
  return std::make_shared<const CachedHistory>(user, Tag{.own = 1, .read = {.position = 2, .salt = {}}},
                                               body);
}

/// A server of the test's own and a cache on it.
struct Rig {
  explicit Rig(const std::string& setting = "", std::chrono::milliseconds patience = test::kUnhurried)
      : server{setting}, budget{patience} {}

  Reply ask(std::initializer_list<std::string_view> words) {
    Connection connection{parse_url(server.url()), 1'000ms, 1'000ms};
    return connection.ask({words.begin(), words.size()}, std::chrono::steady_clock::now() + 1s);
  }

  RedisServer server;
  std::chrono::milliseconds budget;
  test::FakeClock clock;
  RedisCache cache{{.url = server.url(), .password = "", .store_id = kStoreId, .budget = budget}, clock};
};

std::chrono::milliseconds time_of(auto action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

/// For tests that wait until it is over, and what a loaded machine may add to it.
constexpr auto kBudget = 200ms;
constexpr auto kBudgetAndSlack = kBudget + 250ms;

TEST_SUITE("redis: values that are not ours") {
  TEST_CASE("garbage, a cut value and another user's value are misses, and count as refused") {
    Rig rig;
    const auto key = codec::key(kStoreId, kAnn);
    const auto bobs = codec::encode(*value(kBob));
    const auto anns = codec::encode(*value(kAnn));
    std::uint64_t refused = 0;

    for (const auto& bytes : {std::string{"garbage"}, std::string{}, anns.substr(0, anns.size() - 1), bobs,
                              std::string(3'000'000, 'x')}) {
      (void)rig.ask({"SET", key, bytes});
      CHECK(rig.cache.get(kAnn) == nullptr);
      CHECK(rig.cache.refused() == ++refused);
    }

    rig.cache.put(value(kAnn));
    CHECK(rig.cache.get(kAnn) != nullptr);
    CHECK(rig.cache.faults() == 0);
  }

  TEST_CASE("a key that holds a list is a fault and a miss, and the next put mends it") {
    Rig rig;
    (void)rig.ask({"LPUSH", codec::key(kStoreId, kAnn), "x"});

    CHECK(rig.cache.get(kAnn) == nullptr);
    CHECK(rig.cache.faults() == 1);

    rig.cache.put(value(kAnn));
    CHECK(rig.cache.get(kAnn) != nullptr);
  }

  TEST_CASE("a value lives an hour, a tenth more or less, and not all alike") {
    Rig rig;
    long long shortest = 1'000'000'000;
    long long longest = 0;
    for (std::int64_t user = 0; user < 100; ++user) {
      rig.cache.put(value(UserId{user}));
      const auto left = rig.ask({"PTTL", codec::key(kStoreId, UserId{user})}).integer;
      shortest = std::min(shortest, left);
      longest = std::max(longest, left);
    }
    CHECK(shortest > 53LL * 60 * 1'000);
    CHECK(longest <= 66LL * 60 * 1'000);
    CHECK(longest - shortest > 60'000);
  }
}

TEST_SUITE("redis: faults") {
  TEST_CASE("a stopped server costs one budget a command, then nothing, and recovers") {
    Rig rig{"", kBudget};
    rig.cache.put(value(kAnn));
    REQUIRE(rig.cache.get(kAnn) != nullptr);
    rig.server.signal(SIGSTOP);

    for (int i = 0; i < Breaker::kFailures; ++i) {
      CHECK(rig.cache.usable());
      CHECK(time_of([&] { CHECK(rig.cache.get(kAnn) == nullptr); }) < kBudgetAndSlack);
    }
    CHECK_FALSE(rig.cache.usable());
    CHECK(rig.cache.faults() == Breaker::kFailures);
    CHECK(rig.cache.get(kAnn) == nullptr);
    CHECK(rig.cache.faults() == Breaker::kFailures);  // not even tried

    rig.server.signal(SIGCONT);
    rig.clock.advance(1s);
    CHECK(rig.cache.usable());
    for (int i = 0; i < 50 && rig.cache.get(kAnn) == nullptr; ++i) rig.clock.advance(1s);
    CHECK(rig.cache.get(kAnn) != nullptr);
  }

  TEST_CASE("a late answer is never taken for the answer to a later question") {
    Rig rig{"", kBudget};
    rig.cache.put(value(kAnn, "[\"ann\"]"));
    rig.cache.put(value(kBob, "[\"bob\"]"));
    rig.server.signal(SIGSTOP);
    CHECK(rig.cache.get(kAnn) == nullptr);  // its answer is still to come
    rig.server.signal(SIGCONT);

    for (int i = 0; i < 20; ++i) {
      if (const auto found = rig.cache.get(kBob)) CHECK(found->body() == "[\"bob\"]");
    }
    CHECK(rig.cache.refused() == 0);
  }

  TEST_CASE("a killed server opens the breaker, a restarted one closes it") {
    Rig rig;
    rig.cache.put(value(kAnn));
    rig.server.kill();

    for (int i = 0; i < Breaker::kFailures; ++i) CHECK(rig.cache.get(kAnn) == nullptr);
    CHECK_FALSE(rig.cache.usable());
    const std::array users{kAnn};
    CHECK_FALSE(rig.cache.erase(users));

    rig.server.start();
    rig.clock.advance(1s);
    CHECK(rig.cache.get(kAnn) == nullptr);  // the trial; the new server is empty
    CHECK(rig.cache.usable());
    rig.cache.put(value(kAnn));
    CHECK(rig.cache.get(kAnn) != nullptr);
    CHECK(rig.cache.erase(users));
  }

  TEST_CASE("connections that a restart has broken are replaced without a fault") {
    Rig rig;
    rig.cache.put(value(kAnn));
    rig.server.kill();
    rig.server.start();

    rig.cache.put(value(kAnn));

    CHECK(rig.cache.get(kAnn) != nullptr);
    CHECK(rig.cache.faults() == 0);
  }

  TEST_CASE("a server out of memory refuses puts and still answers gets") {
    Rig rig;
    rig.cache.put(value(kAnn));
    (void)rig.ask({"CONFIG", "SET", "maxmemory", "1"});

    rig.cache.put(value(kBob));

    CHECK(rig.cache.faults() == 1);
    CHECK(rig.cache.get(kAnn) != nullptr);
    CHECK(rig.cache.get(kBob) == nullptr);
  }

  TEST_CASE("a server that keeps nothing is left alone with puts, says so, and is tried again") {
    Rig rig;
    rig.cache.put(value(kAnn));
    (void)rig.ask({"CONFIG", "SET", "maxmemory", "1"});
    CHECK(answers(rig.cache));
    for (int i = 0; i < Breaker::kFailures; ++i) {
      rig.cache.put(value(kBob));
      CHECK(rig.cache.get(kAnn) != nullptr);
    }
    const auto faults = rig.cache.faults();

    rig.cache.put(value(kBob));
    CHECK(rig.cache.faults() == faults);
    CHECK(rig.cache.usable());
    CHECK(rig.cache.get(kAnn) != nullptr);
    CHECK(rig.cache.figures().redis->breaker_open);
    CHECK_FALSE(answers(rig.cache));

    (void)rig.ask({"CONFIG", "SET", "maxmemory", "0"});
    rig.clock.advance(1s);
    rig.cache.put(value(kBob));
    CHECK(rig.cache.get(kBob) != nullptr);
    CHECK(answers(rig.cache));
  }
}

TEST_SUITE("redis: error replies") {
  TEST_CASE("a replica refuses puts and a stale one gets: faults, never values, and the breaker opens") {
    Rig rig;
    rig.cache.put(value(kAnn));
    (void)rig.ask({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
    (void)rig.ask({"REPLICAOF", "127.0.0.1", "1"});  // nobody is there

    rig.cache.put(value(kBob));  // READONLY
    CHECK(rig.cache.faults() == 1);
    CHECK(rig.cache.get(kAnn) != nullptr);

    (void)rig.ask({"CONFIG", "SET", "replica-serve-stale-data", "no"});
    for (int i = 0; i < Breaker::kFailures; ++i) CHECK(rig.cache.get(kAnn) == nullptr);  // MASTERDOWN
    CHECK_FALSE(rig.cache.usable());
    CHECK(rig.cache.figures().redis->breaker_open);
  }

  TEST_CASE("every ERROR reply is a fault of its connection") {
    Rig rig;
    for (const char* words :
         {"LOADING Redis is loading the dataset in memory", "OOM command not allowed",
          "READONLY You can't write against a read only replica.", "NOAUTH Authentication required.",
          "NOPERM this user has no permissions", "BUSY Redis is busy running a script"}) {
      CAPTURE(words);
      const auto script = std::string{"return redis.error_reply(ARGV[1])"};
      CHECK_THROWS_AS(rig.ask({"EVAL", script, "0", words}), Fault);
    }
  }

  TEST_CASE("figures tell commands by outcome, the breaker and the connections") {
    Rig rig;
    rig.cache.put(value(kAnn));
    (void)rig.cache.get(kAnn);
    auto figures = rig.cache.figures().redis.value();
    CHECK(figures.answered == 2);
    CHECK(figures.failed == 0);
    CHECK_FALSE(figures.breaker_open);
    CHECK(figures.connections_idle == 1);
    CHECK(figures.connections_in_use == 0);

    rig.server.kill();
    for (int i = 0; i <= Breaker::kFailures; ++i) (void)rig.cache.get(kAnn);
    figures = rig.cache.figures().redis.value();
    CHECK(figures.failed == Breaker::kFailures);
    CHECK(figures.skipped == 1);
    CHECK(figures.breaker_open);
  }
}

TEST_SUITE("redis: logging in") {
  TEST_CASE("the right password works, from the URL or beside it: a wrong or missing one is a fault") {
    Rig rig{"requirepass s3cret"};
    const auto attempt = [&](const std::string& url, const std::string& password) {
      RedisCache cache{{.url = url, .password = password, .store_id = kStoreId, .budget = test::kUnhurried},
                       rig.clock};
      cache.put(value(kAnn));
      return cache.get(kAnn) != nullptr && cache.faults() == 0;
    };
    const auto address = rig.server.url().substr(std::string{"redis://"}.size());

    CHECK(attempt("redis://:s3cret@" + address, ""));
    CHECK(attempt("redis://default:s3cret@" + address, ""));
    CHECK(attempt("redis://:wrong@" + address, "s3cret"));  // the file wins
    CHECK(attempt("redis://" + address, "s3cret"));
    CHECK_FALSE(attempt("redis://:wrong@" + address, ""));
    CHECK_FALSE(attempt("redis://other:s3cret@" + address, ""));
    CHECK_FALSE(attempt("redis://" + address, ""));
  }

  TEST_CASE("databases are apart, and one that does not exist is a fault") {
    Rig rig{"databases 2"};
    const auto base = rig.server.url().substr(0, rig.server.url().size() - 1);
    RedisCache first{{.url = base + "1", .password = "", .store_id = kStoreId, .budget = test::kUnhurried},
                     rig.clock};
    RedisCache missing{{.url = base + "2", .password = "", .store_id = kStoreId, .budget = test::kUnhurried},
                       rig.clock};
    first.put(value(kAnn));

    CHECK(first.get(kAnn) != nullptr);
    CHECK(rig.cache.get(kAnn) == nullptr);
    CHECK(missing.get(kAnn) == nullptr);
    CHECK(missing.faults() == 1);
  }

  TEST_CASE("an ACL user who may only do what we do is enough") {
    Rig rig;
    (void)rig.ask({"ACL", "SETUSER", "app", "on", ">pw", "~ratings:*", "+get", "+set", "+unlink", "+select"});
    const auto address = rig.server.url().substr(std::string{"redis://"}.size());
    RedisCache cache{{.url = "redis://app:pw@" + address,
                      .password = "",
                      .store_id = kStoreId,
                      .budget = test::kUnhurried},
                     rig.clock};

    cache.put(value(kAnn));

    CHECK(cache.get(kAnn) != nullptr);
    const std::array users{kAnn};
    CHECK(cache.erase(users));
    CHECK(cache.faults() == 0);
  }

  TEST_CASE("a Unix socket works") {
    Rig rig;
    RedisCache cache{{.url = "unix:" + rig.server.socket(),
                      .password = "",
                      .store_id = kStoreId,
                      .budget = test::kUnhurried},
                     rig.clock};

    cache.put(value(kAnn));

    CHECK(rig.cache.get(kAnn) != nullptr);
  }

  TEST_CASE("nobody there: a fault, no exception, in time") {
    test::FakeClock clock;
    RedisCache cache{
        {.url = "unix:/nonexistent/redis.sock", .password = "", .store_id = kStoreId, .budget = kBudget},
        clock};

    CHECK(time_of([&] { CHECK(cache.get(kAnn) == nullptr); }) < kBudgetAndSlack);
    CHECK(cache.faults() == 1);
  }
}

}  // namespace
}  // namespace ratings::redis
