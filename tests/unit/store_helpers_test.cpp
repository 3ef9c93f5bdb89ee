#include "store/exclusion_list.hpp"
#include "store/spool.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

namespace {

ratings::Rating row(std::int64_t user) {
  return {.user = {user},
          .movie = {static_cast<std::int32_t>(user % 1000)},
          .score = 2.5F,
          .timestamp = user * 2};
}

}  // namespace

TEST_SUITE("exclusion list") {
  TEST_CASE("of several batches the newest counts, in whatever order they come") {
    ratings::ExclusionList list;
    list.exclude({1}, 5);
    list.exclude({1}, 9);
    list.exclude({1}, 7);

    CHECK(list.batch_of({1}) == 9);
    CHECK_FALSE(list.batch_of({2}).has_value());
  }

  TEST_CASE("rows are split in their order") {
    ratings::ExclusionList list;
    list.exclude({2}, 1);
    const std::array rows{row(1), row(2), row(3), row(2)};

    ratings::ExclusionList::Scratch scratch;
    const auto split = list.split(rows, scratch);

    CHECK(std::vector(split.kept.begin(), split.kept.end()) == std::vector{row(1), row(3)});
    CHECK(std::vector(split.held.begin(), split.held.end()) == std::vector{row(2), row(2)});
  }

  TEST_CASE("rows of which nobody is excluded are not copied") {
    ratings::ExclusionList list;
    const std::array rows{row(1), row(3)};
    ratings::ExclusionList::Scratch scratch;

    CHECK(list.split(rows, scratch).kept.data() == rows.data());
    list.exclude({2}, 1);
    CHECK(list.split(rows, scratch).kept.data() == rows.data());
    CHECK(list.split(rows, scratch).held.empty());
  }
}

TEST_SUITE("spool") {
  TEST_CASE("gives back what was added, in order, in pieces of any size") {
    for (const std::size_t count : {0U, 1U, 4095U, 4096U, 4097U, 20'000U}) {
      CAPTURE(count);
      ratings::Spool spool{"testing"};
      for (std::size_t i = 0; i < count; ++i) spool.add(std::array{row(static_cast<std::int64_t>(i))});
      CHECK(spool.size() == count);

      std::vector<ratings::Rating> piece(777);
      std::size_t read = 0;
      while (const auto got = spool.read(piece)) {
        for (std::size_t i = 0; i < got; ++i) REQUIRE(piece[i] == row(static_cast<std::int64_t>(read + i)));
        read += got;
      }

      CHECK(read == count);
      CHECK(spool.read(piece) == 0);
    }
  }
}
