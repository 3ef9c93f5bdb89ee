#include "cache/codec.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>

namespace ratings {
namespace {

Tag some_tag(std::mt19937_64& random) {
  Tag tag{.own = static_cast<std::int64_t>(random() >> 1U),
          .read = {.position = static_cast<std::int64_t>(random() >> 1U), .salt = {}}};
  for (auto& byte : tag.read.salt.bytes) byte = static_cast<std::uint8_t>(random());
  return tag;
}

std::string some_body(std::mt19937_64& random, std::size_t size) {
  std::string body(size, '\0');
  for (auto& c : body) c = static_cast<char>(random());
  return body;
}

std::mt19937_64 seeded() {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  return std::mt19937_64{seed};
}

TEST_SUITE("codec") {
  TEST_CASE("decode gives back user, tag and body of what encode made") {
    auto random = seeded();
    for (int i = 0; i < 2'000; ++i) {
      const UserId user{static_cast<std::int64_t>(random() >> 1U)};
      const auto tag = some_tag(random);
      const auto body = some_body(random, random() % 300);

      const auto read = codec::decode(user, codec::encode({user, tag, body}));

      REQUIRE(read != nullptr);
      CHECK(read->user() == user);
      CHECK(read->tag() == tag);
      CHECK(read->body() == body);
    }
  }

  TEST_CASE("no single changed byte is accepted, whatever it is changed to") {
    auto random = seeded();
    const UserId user{42};
    const auto bytes = codec::encode({user, some_tag(random), some_body(random, 200)});

    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int change = 1; change < 256; ++change) {
        auto damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        if (codec::decode(user, damaged) != nullptr) FAIL("byte " << at << " changed by " << change);
      }
    }
    CHECK(codec::decode(user, bytes) != nullptr);
  }

  TEST_CASE("no cut and no extension is accepted") {
    auto random = seeded();
    const UserId user{42};
    const auto bytes = codec::encode({user, some_tag(random), some_body(random, 200)});

    for (std::size_t size = 0; size < bytes.size(); ++size) {
      if (codec::decode(user, bytes.substr(0, size)) != nullptr) FAIL("cut to " << size);
    }
    CHECK(codec::decode(user, bytes + '\0') == nullptr);
  }

  TEST_CASE("noise is not accepted") {
    auto random = seeded();
    for (int i = 0; i < 20'000; ++i) {
      auto noise = some_body(random, random() % 200);
      if (i % 2 == 0)
        noise.replace(0, std::min<std::size_t>(8, noise.size()), std::string{"rths\1\0\0\0", 8});
      CHECK(codec::decode(UserId{1}, noise) == nullptr);
    }
  }

  TEST_CASE("another user's value is not accepted") {
    const auto bytes = codec::encode({UserId{1}, Tag{}, "[]"});

    CHECK(codec::decode(UserId{2}, bytes) == nullptr);
    CHECK(codec::decode(UserId{1}, bytes) != nullptr);
  }

  TEST_CASE("the largest body is accepted, one byte more is not") {
    const UserId user{1};

    CHECK(codec::decode(user, codec::encode({user, Tag{}, std::string(codec::kMaxBody, 'x')})) != nullptr);
    CHECK(codec::decode(user, codec::encode({user, Tag{}, std::string(codec::kMaxBody + 1, 'x')})) ==
          nullptr);
  }

  TEST_CASE("the layout is the documented one, so that programs of different age can share a Redis") {
    Tag tag{.own = 0x0102, .read = {.position = 0x0304, .salt = {}}};
    tag.read.salt.bytes[0] = 0xAA;

    const auto bytes = codec::encode({UserId{0x0506}, tag, "[]"});

    CHECK(bytes.size() == codec::kHeaderSize + 2);
    CHECK(bytes.substr(0, 8) == std::string{"rths\1\0\0\0", 8});
    CHECK(bytes.substr(8, 8) == std::string{"\x06\x05\0\0\0\0\0\0", 8});
    CHECK(bytes.substr(16, 8) == std::string{"\x02\x01\0\0\0\0\0\0", 8});
    CHECK(bytes.substr(24, 8) == std::string{"\x04\x03\0\0\0\0\0\0", 8});
    CHECK(bytes[32] == '\xAA');
    CHECK(bytes.substr(48, 8) == std::string{"\x02\0\0\0\0\0\0\0", 8});
    CHECK(bytes.substr(64) == "[]");
  }

  TEST_CASE("a key names store and user and holds no braces") {
    CHECK(codec::key("6f1c", UserId{std::numeric_limits<std::int64_t>::max()}) ==
          "ratings:6f1c:v1:u:9223372036854775807");
  }
}

}  // namespace
}  // namespace ratings
