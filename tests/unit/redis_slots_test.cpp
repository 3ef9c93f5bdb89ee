#include "cache/codec.hpp"
#include "redis/slot_map.hpp"
#include "redis/slots.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace ratings::redis {
namespace {

Reply text(const std::string& bytes) {
  Reply reply;
  reply.type = Reply::Type::text;
  reply.text = bytes;
  return reply;
}

Reply integer(long long number) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = number;
  return reply;
}

Reply nil() {
  Reply reply;
  reply.type = Reply::Type::nil;
  return reply;
}

Reply list(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::list;
  reply.elements = std::move(elements);
  return reply;
}

Reply range(long long first, long long last, const Reply& host, long long port) {
  return list({integer(first), integer(last), list({host, integer(port), text("id")}),
               list({text("replica"), integer(1), text("id")})});
}

Address asked() {
  return {.socket = "", .host = "asked", .port = 7000, .user = "u", .password = "p", .database = 0};
}

TEST_SUITE("redis slots") {
  TEST_CASE("the checksum is that of the specification") {
    CHECK(crc16("123456789") == 0x31C3);
    CHECK(slot_of("123456789") == 12'739);
    CHECK(crc16("") == 0);
    CHECK(slot_of("foo") == 12'182);
  }

  TEST_CASE("what stands in the first braces decides alone, unless it is nothing") {
    CHECK(slot_of("{user1000}.following") == slot_of("{user1000}.followers"));
    CHECK(slot_of("{user1000}.following") == slot_of("user1000"));
    CHECK(slot_of("foo{}{bar}") == crc16("foo{}{bar}") % kSlots);
    CHECK(slot_of("foo{{bar}}zap") == slot_of("{bar"));
    CHECK(slot_of("foo{bar}{zap}") == slot_of("bar"));
    CHECK(slot_of("foo{bar") == crc16("foo{bar") % kSlots);
    CHECK(slot_of("foo}bar{") == crc16("foo}bar{") % kSlots);
  }

  TEST_CASE("our keys have no braces, so a store's users are spread") {
    std::vector<bool> seen(kSlots, false);
    for (std::int64_t user = 0; user < 100'000; ++user) {
      const auto key = codec::key("0f9c7a4e-5a35-4f7e-9d6d-3b1a2c4d5e6f", UserId{user});
      if (user % 10'000 == 0) CHECK(key.find_first_of("{}") == std::string::npos);
      seen[slot_of(key)] = true;
    }
    CHECK(std::ranges::count(seen, true) > 16'000);
  }
}

TEST_SUITE("redis slot map") {
  TEST_CASE("each slot belongs to the master of its range, and a node that names no host is the one asked") {
    const auto map = read_slots(list({range(0, 99, text("a"), 1), range(100, 199, text(""), 2),
                                      range(300, 16'383, text("a"), 1), range(200, 250, nil(), 7000)}),
                                asked());
    REQUIRE(map.has_value());
    REQUIRE(map->masters.size() == 3);
    const auto holder = [&](std::size_t slot) { return map->masters.at(map->owner.at(slot)).name(); };
    CHECK(holder(0) == "a:1");
    CHECK(holder(99) == "a:1");
    CHECK(holder(100) == "asked:2");
    CHECK(holder(200) == "asked:7000");
    CHECK(map->owner[251] == SlotMap::kNobody);
    CHECK(holder(16'383) == "a:1");
    CHECK(map->covered == kSlots - 49);
    CHECK(map->masters[0].user == "u");
    CHECK(map->masters[0].password == "p");
  }

  TEST_CASE("a node without a name that could be used holds nothing") {
    const auto map = read_slots(list({range(0, 99, text("?"), 1), range(100, 199, text("b"), 2)}), asked());
    REQUIRE(map.has_value());
    CHECK(map->owner[0] == SlotMap::kNobody);
    CHECK(map->covered == 100);
  }

  TEST_CASE("what is malformed, or knows of no slot, is no map") {
    const std::vector<Reply> wrong{
        nil(),
        text("OK"),
        list({}),
        list({text("x")}),
        list({list({integer(0), integer(1)})}),
        list({list({integer(0), integer(1), list({text("a")})})}),
        list({list({integer(0), integer(1), list({integer(1), integer(1)})})}),
        list({range(-1, 1, text("a"), 1)}),
        list({range(2, 1, text("a"), 1)}),
        list({range(0, kSlots, text("a"), 1)}),
        list({range(0, std::numeric_limits<long long>::max(), text("a"), 1)}),
        list({range(0, 1, text("a"), 0)}),
        list({range(0, 1, text("a"), 65'536)}),
        list({range(0, 1, text("?"), 1)}),
    };
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      CAPTURE(i);
      CHECK_FALSE(read_slots(wrong[i], asked()).has_value());
    }
  }

  TEST_CASE("redirections are read, with the host that was asked when none is named") {
    const auto moved = read_redirection("MOVED 3999 127.0.0.1:6381", asked());
    REQUIRE(moved.has_value());
    CHECK_FALSE(moved->ask);
    CHECK(moved->to.name() == "127.0.0.1:6381");
    CHECK(moved->to.password == "p");

    const auto ask = read_redirection("ASK 3999 ::1:6381", asked());
    REQUIRE(ask.has_value());
    CHECK(ask->ask);
    CHECK(ask->to.name() == "[::1]:6381");
    CHECK(read_redirection("MOVED 3999 :6381", asked())->to.name() == "asked:6381");

    for (const char* text :
         {"MOVED 3999", "MOVED 3999 host", "MOVED 3999 host:", "MOVED 3999 host:x", "MOVED 3999 host:0",
          "MOVED 3999 host:65536", "ASK 1 ?:6381", "MOVED ", "ASK 1:2 x"}) {
      CAPTURE(text);
      CHECK_FALSE(read_redirection(text, asked()).has_value());
    }
  }
}

}  // namespace
}  // namespace ratings::redis
