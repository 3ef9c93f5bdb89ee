// Redis behind the proxies that Debian has: twemproxy (nutcracker) spreads keys over servers, haproxy follows
// the one that is the primary. Both hang up on what they do not know, so this is a test of what a connection
// begins with.
#include "redis/connection.hpp"
#include "redis/redis_cache.hpp"
#include "support/fake_clock.hpp"
#include "support/redis_server.hpp"
#include "support/temp_dir.hpp"
#include "support/unhurried.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace ratings::redis {
namespace {

using namespace std::chrono_literals;
using test::Daemon;
using test::RedisServer;

constexpr std::int64_t kUsers = 200;

CachedHistoryPtr history_of(std::int64_t user) {
  return std::make_shared<const CachedHistory>(
      UserId{user}, Tag{.own = 1, .read = {.position = 2, .salt = {}}}, "[" + std::to_string(user) + "]");
}

Reply ask(const RedisServer& server, std::initializer_list<std::string_view> words) {
  Connection connection{parse_url(server.url()), 1'000ms, 1'000ms};
  return connection.ask({words.begin(), words.size()}, std::chrono::steady_clock::now() + 2s);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file{path};
  file << text;
  if (!file.flush()) throw std::runtime_error{"cannot write " + path};
}

/// nutcracker over servers until the end of the block.
class Twemproxy {
 public:
  explicit Twemproxy(const std::vector<const RedisServer*>& servers, const std::string& more = "") {
    std::string settings = "cache:\n  listen: 127.0.0.1:" + std::to_string(port_) +
                           "\n  hash: md5\n  distribution: ketama\n  redis: true\n  timeout: 1000\n"
                           "  auto_eject_hosts: true\n  server_retry_timeout: 500\n"
                           "  server_failure_limit: 1\n" +
                           more + "  servers:\n";
    for (const auto* server : servers)
      settings += "    - 127.0.0.1:" + std::to_string(server->port()) + ":1\n";
    write(folder_.path() / "conf.yml", settings);
    // Without -a its statistics are for everybody.
    daemon_ = std::make_unique<Daemon>(
        std::vector<std::string>{"nutcracker", "-c", folder_.path() / "conf.yml", "-a", "127.0.0.1", "-s",
                                 std::to_string(test::free_port()), "-o", folder_.path() / "log"},
        [this] { return test::accepts(port_); });
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const test::TempDir folder_;
  const int port_ = test::free_port();
  std::unique_ptr<Daemon> daemon_;
};

/// haproxy in front of whichever of two says that it is a primary.
class Haproxy {
 public:
  Haproxy(const RedisServer& one, const RedisServer& two) {
    write(folder_.path() / "conf",
          "defaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1m\n  timeout server 1m\n"
          "listen redis\n  bind 127.0.0.1:" +
              std::to_string(port_) +
              "\n  option tcp-check\n"
              "  tcp-check send info\\ replication\\r\\n\n  tcp-check expect string role:master\n"
              "  default-server check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions\n"
              "  server one 127.0.0.1:" +
              std::to_string(one.port()) + "\n  server two 127.0.0.1:" + std::to_string(two.port()) + "\n");
    daemon_ = std::make_unique<Daemon>(
        std::vector<std::string>{"haproxy", "-db", "-q", "-f", folder_.path() / "conf"},
        [this] { return test::accepts(port_); });
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const test::TempDir folder_;
  const int port_ = test::free_port();
  std::unique_ptr<Daemon> daemon_;
};

struct Rig {
  explicit Rig(const std::string& url)
      : cache{{.url = url, .password = "", .store_id = "proxy", .budget = test::kUnhurried}, clock} {}

  void put() {
    for (std::int64_t user = 0; user < kUsers; ++user) cache.put(history_of(user));
  }
  /// How many come back; a wrong one fails the test.
  int right() {
    int found = 0;
    for (std::int64_t user = 0; user < kUsers; ++user) {
      const auto value = cache.get(UserId{user});
      if (!value) continue;
      CHECK(value->body() == history_of(user)->body());
      ++found;
    }
    return found;
  }
  bool erase() {
    std::vector<UserId> users;
    for (std::int64_t user = 0; user < kUsers; ++user) users.push_back(UserId{user});
    return cache.erase(users);
  }
  bool all_come_back_within_20_s() {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      put();
      if (right() == kUsers) return true;
      clock.advance(1s);
    }
    return false;
  }

  test::FakeClock clock;
  RedisCache cache;
};

TEST_SUITE("redis: behind twemproxy") {
  TEST_CASE("users are spread over the servers, found again and erased, without a fault") {
    const RedisServer one;
    const RedisServer two;
    const Twemproxy proxy{{&one, &two}};
    Rig rig{"redis://" + proxy.address()};
    rig.put();

    CHECK(rig.right() == kUsers);
    CHECK(ask(one, {"DBSIZE"}).integer > 0);
    CHECK(ask(two, {"DBSIZE"}).integer > 0);
    CHECK(ask(one, {"DBSIZE"}).integer + ask(two, {"DBSIZE"}).integer == kUsers);
    CHECK(rig.erase());
    CHECK(rig.right() == 0);
    CHECK(rig.cache.faults() == 0);
  }

  TEST_CASE("a password without a user goes through") {
    const RedisServer one{"requirepass s3cret"};
    const RedisServer two{"requirepass s3cret"};
    const Twemproxy proxy{{&one, &two}, "  redis_auth: s3cret\n"};
    Rig rig{"redis://:s3cret@" + proxy.address()};
    rig.put();

    CHECK(rig.right() == kUsers);
    CHECK(rig.cache.faults() == 0);
  }

  TEST_CASE(
      "a server that dies is left out, and one that comes back empty is used again: never a wrong value") {
    RedisServer one;
    const RedisServer two;
    const Twemproxy proxy{{&one, &two}};
    Rig rig{"redis://" + proxy.address()};
    rig.put();
    one.kill();

    CHECK(rig.right() < kUsers);
    CHECK(rig.all_come_back_within_20_s());
    one.start();
    CHECK(rig.all_come_back_within_20_s());
  }

  TEST_CASE("a database that is not 0 cannot be chosen through it: a fault, not another database's values") {
    const RedisServer one;
    const Twemproxy proxy{{&one}};
    Rig rig{"redis://" + proxy.address() + "/1"};
    rig.cache.put(history_of(1));

    CHECK(rig.cache.get(UserId{1}) == nullptr);
    CHECK(rig.cache.faults() > 0);
  }
}

TEST_SUITE("redis: behind haproxy") {
  TEST_CASE("the primary is asked, and after a promotion the new one") {
    RedisServer one;
    const RedisServer two;
    (void)ask(two, {"REPLICAOF", "127.0.0.1", std::to_string(one.port())});
    const Haproxy proxy{one, two};
    Rig rig{"redis://" + proxy.address()};
    CHECK(rig.all_come_back_within_20_s());
    CHECK(rig.erase());
    CHECK(rig.right() == 0);
    rig.put();
    CHECK(ask(one, {"DBSIZE"}).integer == kUsers);

    one.kill();
    (void)ask(two, {"REPLICAOF", "NO", "ONE"});

    CHECK(rig.all_come_back_within_20_s());
    CHECK(ask(two, {"DBSIZE"}).integer == kUsers);
    CHECK(rig.cache.refused() == 0);
  }
}

}  // namespace
}  // namespace ratings::redis
