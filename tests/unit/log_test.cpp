#include "core/log.hpp"

#include <doctest/doctest.h>

namespace ratings::log {

TEST_SUITE("log lines") {
  TEST_CASE("a quoted value ends where its quote ends, and stays on its line") {
    CHECK(quoted("") == R"("")");
    CHECK(quoted("connection refused") == R"("connection refused")");
    CHECK(quoted(R"(relation "ratings" does not exist)") == R"("relation \"ratings\" does not exist")");
    CHECK(quoted(R"(a\b)") == R"("a\\b")");
    CHECK(quoted("a\nb\tc\x1b[31m\x7f") == R"("a\nb\tc\x1b[31m\x7f")");
    CHECK(quoted("größer") == R"("größer")");
  }
}

}  // namespace ratings::log
