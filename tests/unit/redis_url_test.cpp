#include "redis/redis_url.hpp"

#include "redis/breaker.hpp"
#include "support/fake_clock.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

#include <string>

namespace ratings::redis {
namespace {

std::string refusal(const std::string& url) {
  try {
    (void)parse_url(url);
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::usage);
    return error.what();
  }
  return "";
}

TEST_SUITE("redis_url") {
  TEST_CASE("every part of the URL is understood, and what is missing has a default") {
    const auto full = parse_url("redis://app:secret@cache.example:7000/3");
    CHECK(full.host == "cache.example");
    CHECK(full.port == 7000);
    CHECK(full.user == "app");
    CHECK(full.password == "secret");
    CHECK(full.database == 3);
    CHECK(full.name() == "cache.example:7000");

    const auto bare = parse_url("redis://localhost");
    CHECK(bare.host == "localhost");
    CHECK(bare.port == 6379);
    CHECK(bare.user.empty());
    CHECK(bare.password.empty());
    CHECK(bare.database == 0);
    CHECK(parse_url("redis://localhost/").database == 0);
  }

  TEST_CASE("a password may come without a user, and both may be percent-encoded") {
    const auto address = parse_url("redis://:p%40ss%2f%3A@h:1/0");
    CHECK(address.user.empty());
    CHECK(address.password == "p@ss/:");
    CHECK(parse_url("redis://a%20b@h").user == "a b");
    CHECK(parse_url("redis://u:a@b@h").password == "a@b");
  }

  TEST_CASE("an IPv6 host stands in brackets") {
    const auto address = parse_url("redis://[::1]:6380/1");
    CHECK(address.host == "::1");
    CHECK(address.port == 6380);
    CHECK(address.name() == "[::1]:6380");
    CHECK(parse_url("redis://[::1]").port == 6379);
  }

  TEST_CASE("a Unix socket's path is taken literally") {
    const auto address = parse_url("unix:/run/a%20b.sock");
    CHECK(address.socket == "/run/a%20b.sock");
    CHECK(address.name() == "unix:/run/a%20b.sock");
  }

  TEST_CASE("what cannot be understood is refused with the reason") {
    CHECK(refusal("rediss://h:1/0").find("TLS is not supported") != std::string::npos);
    CHECK(refusal("http://h").find("unknown scheme") != std::string::npos);
    CHECK(refusal("").find("unknown scheme") != std::string::npos);
    CHECK(refusal("unix:").find("path is missing") != std::string::npos);
    CHECK(refusal("redis://").find("host is missing") != std::string::npos);
    CHECK(refusal("redis://h:0").find("port must be") != std::string::npos);
    CHECK(refusal("redis://h:65536").find("port must be") != std::string::npos);
    CHECK(refusal("redis://h:").find("port must be") != std::string::npos);
    CHECK(refusal("redis://h:12x").find("port must be") != std::string::npos);
    CHECK(refusal("redis://h/x").find("database must be") != std::string::npos);
    CHECK(refusal("redis://h/-1").find("database must be") != std::string::npos);
    CHECK(refusal("redis://h/0?x=1").find("parameters") != std::string::npos);
    CHECK(refusal("redis://[::1").find("bracket") != std::string::npos);
    CHECK(refusal("redis://[::1]x").find("':port'") != std::string::npos);
    CHECK(refusal("redis://%zz@h").find("hexadecimal") != std::string::npos);
    CHECK(refusal("redis://%4@h").find("hexadecimal") != std::string::npos);
    CHECK(refusal("redis://u%00@h").find("hexadecimal") != std::string::npos);
    CHECK(refusal(std::string{"redis://h\0x", 11}).find("zero byte") != std::string::npos);
  }

  TEST_CASE("a cluster is given by some of its nodes, with one login for all of them") {
    const auto nodes = parse_cluster_url("redis-cluster://app:p%40ss@one:7000,[::1]:7001,three");
    REQUIRE(nodes.size() == 3);
    CHECK(nodes[0].name() == "one:7000");
    CHECK(nodes[1].name() == "[::1]:7001");
    CHECK(nodes[2].name() == "three:6379");
    for (const auto& node : nodes) {
      CHECK(node.user == "app");
      CHECK(node.password == "p@ss");
      CHECK(node.database == 0);
    }
    CHECK(parse_cluster_url("redis-cluster://h").front().password.empty());
    CHECK(is_cluster("redis-cluster://h"));
    CHECK_FALSE(is_cluster("redis://h"));
  }

  TEST_CASE("what a cluster cannot have is refused with the reason") {
    const auto refused = [](const std::string& url) {
      try {
        (void)parse_cluster_url(url);
      } catch (const Error& error) {
        CHECK(error.kind() == Kind::usage);
        CHECK(std::string{error.what()}.find("hunter2") == std::string::npos);
        return std::string{error.what()};
      }
      return std::string{};
    };
    CHECK(refused("redis-cluster://h:1/0").find("database 0 only") != std::string::npos);
    CHECK(refused("redis-cluster://h:1,g:2/").find("database 0 only") != std::string::npos);
    CHECK(refused("redis-cluster://").find("host is missing") != std::string::npos);
    CHECK(refused("redis-cluster://h:1,").find("host is missing") != std::string::npos);
    CHECK(refused("redis-cluster://h:1,,g").find("host is missing") != std::string::npos);
    CHECK(refused("redis-cluster://h:1,g:0").find("port must be") != std::string::npos);
    CHECK(refused("redis-cluster://h:1?x=1").find("parameters") != std::string::npos);
    CHECK(refused("redis-cluster://u:hunter2@h:1,u:hunter2@g:1").find("stands once") != std::string::npos);
    CHECK(refused("redis://h").find("unknown scheme") != std::string::npos);
    CHECK(refused(std::string{"redis-cluster://h\0", 18}).find("zero byte") != std::string::npos);
  }

  TEST_CASE("no refusal shows the login") {
    for (const auto* url :
         {"rediss://u:hunter2@h", "redis://u:hunter2@h:x", "redis://u:hunter2@", "foo://hunter2@h",
          "redis://u:hunter2%zz@h", "u:hunter2@h", "redis://u:hunter2@h@i:x"}) {
      const auto text = refusal(url);
      CAPTURE(text);
      CHECK_FALSE(text.empty());
      CHECK(text.find("hunter2") == std::string::npos);
    }
  }
}

TEST_SUITE("breaker") {
  TEST_CASE("five failures in a row open it for a second, a success in between does not count") {
    test::FakeClock clock;
    Breaker breaker{clock};
    for (int i = 0; i < 4; ++i) CHECK(breaker.failed() == Breaker::Change::none);
    CHECK(breaker.succeeded() == Breaker::Change::none);
    for (int i = 0; i < 4; ++i) CHECK(breaker.failed() == Breaker::Change::none);
    CHECK(breaker.allow());

    CHECK(breaker.failed() == Breaker::Change::opened);

    CHECK_FALSE(breaker.allow());
    CHECK_FALSE(breaker.would_allow());
    clock.advance(Breaker::kPause - Instant{1});
    CHECK_FALSE(breaker.allow());
  }

  TEST_CASE("after the pause one trial is let through, and decides") {
    test::FakeClock clock;
    Breaker breaker{clock};
    for (int i = 0; i < Breaker::kFailures; ++i) (void)breaker.failed();
    clock.advance(Breaker::kPause);

    CHECK(breaker.would_allow());
    CHECK(breaker.allow());
    CHECK_FALSE(breaker.allow());
    CHECK(breaker.failed() == Breaker::Change::none);
    CHECK_FALSE(breaker.allow());

    clock.advance(Breaker::kPause);
    CHECK(breaker.allow());
    CHECK(breaker.succeeded() == Breaker::Change::closed);
    CHECK(breaker.allow());
    CHECK(breaker.allow());
  }
}

}  // namespace
}  // namespace ratings::redis
