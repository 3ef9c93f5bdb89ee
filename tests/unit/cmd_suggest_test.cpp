#include "suggest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace ratings::cmd {
namespace {

/// The definition, letter by letter, without a table: what the fast one must say on short words.
std::size_t by_definition(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const auto rest = [](std::string_view text, std::size_t n) { return text.substr(0, text.size() - n); };
  auto best = std::min({by_definition(rest(a, 1), b) + 1, by_definition(a, rest(b, 1)) + 1,
                        by_definition(rest(a, 1), rest(b, 1)) + (a.back() == b.back() ? 0 : 1)});
  const bool swapped =
      a.size() > 1 && b.size() > 1 && a.back() == b[b.size() - 2] && a[a.size() - 2] == b.back();
  if (swapped) best = std::min(best, by_definition(rest(a, 2), rest(b, 2)) + 1);
  return best;
}

}  // namespace

TEST_SUITE("suggestions") {
  TEST_CASE("a letter too many, too few, wrong or swapped is one step") {
    CHECK(edit_distance("query", "query") == 0);
    CHECK(edit_distance("queery", "query") == 1);
    CHECK(edit_distance("qury", "query") == 1);
    CHECK(edit_distance("quary", "query") == 1);
    CHECK(edit_distance("qurey", "query") == 1);
    CHECK(edit_distance("", "load") == 4);
    CHECK(edit_distance("load", "") == 4);
    CHECK(edit_distance("ca", "abc") == 3);  // each letter is touched once: no letter between swapped ones
  }

  TEST_CASE("capitals are no difference") {
    CHECK(nearest("LOAD", {"query", "load"}) == "load");
    CHECK(nearest("PROT", {"PORT", "CACHE"}) == "PORT");
    CHECK(nearest("Heal", {"load", "healthcheck"}) == "healthcheck");
  }

  TEST_CASE("the table gives what the definition says, for random short words") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto word = [&random] {
      std::string text(random() % 6, 'a');
      for (auto& c : text) c = static_cast<char>('a' + random() % 3);
      return text;
    };
    for (int i = 0; i < 300; ++i) {
      const auto from = word();
      const auto to = word();
      CAPTURE(from);
      CAPTURE(to);
      CHECK(edit_distance(from, to) == by_definition(from, to));
    }
  }

  TEST_CASE("a name is suggested when at most a third of the letters is wrong, or one") {
    const std::vector<std::string> known{"load", "query", "status", "healthcheck"};
    CHECK(nearest("laod", known) == "load");
    CHECK(nearest("qurey", known) == "query");
    CHECK(nearest("statsu", known) == "status");
    CHECK(nearest("helthchek", known) == "healthcheck");
    CHECK(nearest("lxxd", known) == std::nullopt);
    CHECK(nearest("frobnicate", known) == std::nullopt);
    CHECK(nearest("", known) == std::nullopt);
    CHECK(nearest("load", {}) == std::nullopt);
  }

  TEST_CASE("a name whose end was left out is suggested too") {
    CHECK(nearest("sto", {"cache", "store"}) == "store");
    CHECK(nearest("h", {"load", "healthcheck"}) == "healthcheck");
  }

  TEST_CASE("the nearest name wins, the first among equals") {
    CHECK(nearest("form", {"format", "from"}) == "from");
    CHECK(nearest("ab", {"ac", "ad"}) == "ac");
  }

  TEST_CASE("a suggestion is a question") {
    CHECK(did_you_mean("query") == "; did you mean 'query'?");
    CHECK(did_you_mean(std::nullopt).empty());
  }
}

}  // namespace ratings::cmd
