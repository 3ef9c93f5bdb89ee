#include "letters.hpp"
#include "table.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <sstream>

namespace ratings::cmd {
namespace {

using Align = Table::Align;
using Fit = Table::Fit;

Screen columns(std::size_t n) { return {.columns = n, .colour = false}; }

Environment variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  };
}

}  // namespace

TEST_SUITE("tables") {
  TEST_CASE("a table is as wide as its widest cells and counts columns, not bytes") {
    Table table{{{"name"}, {"n", Align::right}}};
    table.row({"größer", "1"});
    table.row({"日本", "22"});
    table.row({"b", "1000"});
    CHECK(table.text({}) == "name       n\ngrößer     1\n日本      22\nb       1000\n");
  }

  TEST_CASE("a table without titles has no title line, and one without rows only that") {
    Table untitled{{{""}, {""}}};
    untitled.row({"a", "b"});
    CHECK(untitled.text({}) == "a  b\n");
    CHECK(Table{{{"x"}}}.text({}) == "x\n");
  }

  TEST_CASE("on a narrow screen the columns that allow it give way, elsewhere nothing is cut") {
    Table table{{{"id"}, {"reason", Align::left, Fit::shorten}, {"state"}}};
    table.row({"1", "voted for one movie all night", "active"});
    CHECK(table.text({}) ==
          "id  reason                         state\n1   voted for one movie all night  active\n");
    CHECK(table.text(columns(80)) == table.text({}));
    CHECK(table.text(columns(30)) == "id  reason              state\n1   voted for one mov…  active\n");
  }

  TEST_CASE("where that is not enough, rows are shown one below the other and nothing is cut") {
    Table table{{{"id"}, {"reason", Align::left, Fit::shorten}, {"state"}}};
    table.row({"1", "voted for one movie all night", "active"});
    table.row({"2", "", "undone"});
    const auto* const expected =
        "id      1\nreason  voted for\n        one movie\n        all night\nstate   active\n"
        "\nid      2\nreason\nstate   undone\n";
    CHECK(table.text(columns(20)) == expected);
    CHECK(table.text(columns(5)) == expected);
    // A column of bars has no title: such a table has no other way to be shown.
    Table bars{{{"year"}, {""}}};
    bars.row({"2001", "####"});
    CHECK(bars.text(columns(5)) == "year\n2001  ####\n");
  }

  TEST_CASE("a column that wraps goes on in the next line and loses nothing") {
    Table table{{{""}, {"", Align::left, Fit::wrap}}};
    table.row({"active", "2001-01-25 to 2017-08-04, on 120 days"});
    table.row({"store", "sqlite:/home/somebody/ratings.db"});
    CHECK(table.text(columns(30)) ==
          "active  2001-01-25 to\n        2017-08-04, on 120\n        days\n"
          "store   sqlite:/home/somebody/\n        ratings.db\n");
  }

  TEST_CASE("no table with a column that gives is wider than its screen, for random text") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    const std::vector<std::string> pieces{"a", "ö", "日", " ", "e\xCC\x81", "🎬", "\xFF"};
    for (int round = 0; round < 200; ++round) {
      Table table{{{"n", Align::right}, {"t", Align::left, random() % 2 == 0 ? Fit::shorten : Fit::wrap}}};
      for (int i = 0; i < 3; ++i) {
        std::string text;
        for (auto n = random() % 60; n > 0; --n) text += pieces[random() % pieces.size()];
        table.row({std::to_string(i), text});
      }
      const std::size_t width = 15 + random() % 40;
      std::istringstream lines{table.text(columns(width))};
      for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= width);
      }
    }
  }

  TEST_CASE("colours are around the text, and on a screen that has them only") {
    Table table{{{"name"}, {"bar", Align::left, Fit::keep, Style::bar}}};
    table.row({"a", "█"});
    table.row({"b", "█"}, Style::bad);
    CHECK(table.text({.columns = std::nullopt, .colour = true}) ==
          "\x1b[1mname\x1b[0m  \x1b[1mbar\x1b[0m\na     \x1b[36m█\x1b[0m\n\x1b[31mb\x1b[0m     "
          "\x1b[31m█\x1b[0m\n");
    CHECK(table.text({}).find('\x1b') == std::string::npos);
  }
}

TEST_SUITE("letters") {
  TEST_CASE("a letter may take two columns or none") {
    CHECK(display_width("") == 0);
    CHECK(display_width("größer") == 6);
    CHECK(display_width("日本語") == 6);
    CHECK(display_width("e\xCC\x81") == 1);  // e and an accent of its own
    CHECK(display_width("🎬") == 2);
    CHECK(display_width("a\xFF\xC3") == 3);
  }

  TEST_CASE("what is shortened ends with one ellipsis and is cut between letters") {
    CHECK(shortened("größer", 6) == "größer");
    CHECK(shortened("größer", 5) == "größ…");
    CHECK(shortened("日本語", 5) == "日本…");
    CHECK(shortened("日本語", 4) == "日…");
    CHECK(shortened("ab cd", 4) == "ab…");
    CHECK(shortened("abc", 1) == "…");
    CHECK(shortened("abc", 0).empty());
  }

  TEST_CASE("lines part at blanks, and within a word that is longer than a line") {
    CHECK(wrapped("", 5) == std::vector<std::string>{""});
    CHECK(wrapped("ab cd", 5) == std::vector<std::string>{"ab cd"});
    CHECK(wrapped("ab cd", 4) == std::vector<std::string>{"ab", "cd"});
    CHECK(wrapped("abcd ef", 4) == std::vector<std::string>{"abcd", "ef"});
    CHECK(wrapped("abcdef", 4) == std::vector<std::string>{"abcd", "ef"});
    CHECK(wrapped("日本語", 4) == std::vector<std::string>{"日本", "語"});
    CHECK(wrapped("日", 1) == std::vector<std::string>{"日"});
  }
}

TEST_SUITE("screens") {
  TEST_CASE("what is no terminal has neither width nor colours, whatever the environment says") {
    const auto pipe = screen(false, 0, variables({{"COLUMNS", "40"}, {"TERM", "xterm"}}));
    CHECK(pipe.columns == std::nullopt);
    CHECK_FALSE(pipe.colour);
  }

  TEST_CASE("COLUMNS wins over the terminal, which wins over 80") {
    CHECK(screen(true, 100, variables({{"COLUMNS", "40"}})).columns == 40);
    CHECK(screen(true, 100, variables({})).columns == 100);
    CHECK(screen(true, 0, variables({})).columns == 80);
    for (const auto* nonsense : {"0", "-1", "wide"})
      CHECK(screen(true, 100, variables({{"COLUMNS", nonsense}})).columns == 100);
  }

  TEST_CASE("colours need a terminal that is not dumb and nobody who minds") {
    CHECK(screen(true, 80, variables({{"TERM", "xterm"}})).colour);
    CHECK_FALSE(screen(true, 80, variables({{"TERM", "dumb"}})).colour);
    CHECK_FALSE(screen(true, 80, variables({})).colour);
    CHECK_FALSE(screen(true, 80, variables({{"TERM", "xterm"}, {"NO_COLOR", "1"}})).colour);
  }
}

}  // namespace ratings::cmd
