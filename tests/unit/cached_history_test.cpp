#include "ratings/cache.hpp"
#include "ratings/history_view.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

namespace ratings {
namespace {

CachedHistory value(std::string body) { return {UserId{1}, Tag{}, std::move(body)}; }

/// zlib's own reading of a gzip stream.
std::string gunzip(const std::string& bytes, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string history(std::size_t ratings, unsigned seed) {
  std::mt19937 random{seed};
  std::vector<Rating> rows;
  for (std::size_t i = 0; i < ratings; ++i) {
    rows.push_back({.user = {1},
                    .movie = {static_cast<std::int32_t>(random() % 180'000)},
                    .score = static_cast<float>(random() % 10 + 1) / 2,
                    .timestamp = 800'000'000 + static_cast<std::int64_t>(random() % 700'000'000)});
  }
  return to_json(rows);
}

TEST_SUITE("cached_history") {
  TEST_CASE("above the ceiling there is no gzip copy, and no room is set aside for one") {
    const auto huge = value(std::string(16 * 1024 * 1024 + 1, 'a'));

    CHECK(huge.gzip().empty());
    CHECK(huge.cost() < huge.body().size() + 10'000);
  }

  TEST_CASE("an unknown user costs less than 300 bytes: random ids must not fill the cache") {
    CHECK(value("[]").cost() < 300);
  }

  TEST_CASE("the etag is a weak hash of the body alone") {
    const CachedHistory one{UserId{1}, Tag{.own = 3, .read = {}}, "[]"};
    const CachedHistory other{UserId{2}, Tag{.own = 4, .read = {}}, "[]"};

    CHECK(one.etag() == other.etag());
    CHECK(one.etag().size() == 36);
    CHECK(one.etag().starts_with("W/\""));
    CHECK(one.etag().ends_with('"'));
    CHECK(one.etag().find_first_not_of("0123456789abcdef", 3) == 35);
    CHECK(one.etag() != value("[ ]").etag());
  }

  TEST_CASE("the etag of known bytes is XXH3-128 of them, so it outlives versions of this program") {
    CHECK(value("").etag() == "W/\"99aa06d3014798d86001c324468d497f\"");  // xxhsum -H2 of no bytes
  }

  TEST_CASE("below the floor there is no gzip copy, from it on there is one that reads back") {
    CHECK(value(std::string(999, 'a')).gzip().empty());
    const auto body = history(1'000, 7);
    const auto large = value(body);

    CHECK(gunzip(large.gzip(), body.size()) == body);
    CHECK(&large.gzip() == &large.gzip());  // made once
    CHECK_FALSE(value(std::string(1'000, 'a')).gzip().empty());
  }

  TEST_CASE("the cost covers body and gzip copy, and does not change when the copy is made") {
    for (const std::size_t ratings : {0U, 1U, 15U, 100U, 1'000U, 20'000U}) {
      CAPTURE(ratings);
      const auto one = value(history(ratings, 11));
      const auto before = one.cost();

      const auto copy = one.gzip().capacity();

      CHECK(one.cost() == before);
      CHECK(before >= sizeof(CachedHistory) + one.body().size() + copy);
    }
  }
}

}  // namespace
}  // namespace ratings
