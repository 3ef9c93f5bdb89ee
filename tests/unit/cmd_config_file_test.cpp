#include "config_file.hpp"

#include "ratings/error.hpp"

#include <doctest/doctest.h>

namespace ratings::cmd {
namespace {

/// The only key of a text.
ConfigEntry only(const std::string& text) {
  auto entries = parse_config(text, "c.toml");
  REQUIRE(entries.size() == 1);
  return entries.front();
}

std::string value(const std::string& text) {
  const auto entry = only("key = " + text);
  REQUIRE(entry.values.size() == 1);
  return entry.values.front();
}

std::string fault(const std::string& text) {
  try {
    (void)parse_config(text, "c.toml");
  } catch (const Error& error) {
    CHECK(error.kind() == Kind::usage);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_SUITE("configuration file") {
  TEST_CASE("strings in both quotes, numbers, dates, true and false") {
    CHECK(value(R"("sqlite:/data/a#b.db" # a comment)") == "sqlite:/data/a#b.db");
    CHECK(value(R"('a#b "c" \n' # a comment)") == R"(a#b "c" \n)");
    CHECK(value(R"("")") == "");
    CHECK(value(R"("a\"b\\c\td\u00e9\U0001F600 = [x], y")") == "a\"b\\c\td\xc3\xa9\xf0\x9f\x98\x80 = [x], y");
    for (const std::string bare :
         {"1", "-1", "+2.5", "1e3", "true", "false", "2009-12-14", "2009-12-14T10:00:00Z"})
      CHECK(value(bare + "# a comment") == bare);
  }

  TEST_CASE("lists, over several lines too") {
    CHECK(only("key = [1, \"a, b]\", 'c']").values == std::vector<std::string>{"1", "a, b]", "c"});
    CHECK(only("key = [ # some\n  1,\n  2, # and more\n]\n").values == std::vector<std::string>{"1", "2"});
    CHECK(only("key = []").values.empty());
  }

  TEST_CASE("sections, comments, blank lines, line ends of Windows and the mark of UTF-8") {
    const auto entries = parse_config(
        "\xef\xbb\xbf# top\r\na = 1\r\n\r\n [serve] # x\r\n\tport=80\r\n[ load ]\n[b]\nc.d = 2\n", "c.toml");
    REQUIRE(entries.size() == 4);
    CHECK(entries[0].name() == "a");
    CHECK(entries[1].name() == "serve.port");
    CHECK(entries[1].place("c.toml") == "c.toml:5");
    CHECK(entries[2].section == "load");
    CHECK(entries[2].key.empty());
    CHECK(entries[3].name() == "b.c.d");
    CHECK(parse_config("\xef\xbb\xbf[serve]\n", "c.toml").size() == 1);
    CHECK(parse_config("", "c.toml").empty());
  }

  TEST_CASE("any other line is an error with its number, which does not repeat it") {
    for (const std::string line : {"zz",
                                   "z",
                                   "=",
                                   "= hunter2",
                                   "\"hunter2",
                                   "store: postgresql://u:hunter2@h/db",
                                   "store \"u:hunter2@h\"",
                                   "postgresql://u:hunter2@h/db",
                                   "postgresql://u:hunter2@h/db?a=b",
                                   "store = host=h password=hunter2",
                                   "store = hunter2",
                                   "store = \"x\" hunter2",
                                   "store = \"x\"hunter2",
                                   "store = \"hunter2",
                                   "store = 'hunter2",
                                   R"(store = "\hunter2")",
                                   R"(store = "\uhunter2")",
                                   R"(store = "\ud800")",
                                   R"(store = """hunter2""")",
                                   "store =",
                                   "store = # hunter2",
                                   "store = [\"hunter2\" 2]",
                                   "store = [hunter2]",
                                   "store = [\"hunter2\"",
                                   "store = {a = 1}",
                                   "store = [[1]]",
                                   "store = 1 2",
                                   "store = 7x",
                                   "\"store\" = 1",
                                   "[serve",
                                   "[serve] x",
                                   "[[serve]]",
                                   "[]",
                                   "[a.]",
                                   ".a = 1",
                                   "a..b = 1",
                                   "; hunter2",
                                   "\xef\xbb\xbfx = 1"}) {
      CAPTURE(line);
      const auto message = fault("a = 1\n" + line + "\n");
      CHECK(message.starts_with("configuration file c.toml:2: "));
      CHECK(message.find("hunter2") == std::string::npos);
    }
    using namespace std::string_literals;
    CHECK(fault("a = 1\n\0\0\0\n"s).starts_with("configuration file c.toml:2: "));
    CHECK(fault("a = \"x\0y\"\n"s).starts_with("configuration file c.toml:1: "));
    CHECK(fault("a = 1\rb = 2\n").starts_with("configuration file c.toml:1: "));
    CHECK(fault("[a]\nb = 1\n[c]\nd = 1\n[a]\ne = 1\n") ==
          "configuration file c.toml:5: section [a] stands there twice");
  }

  TEST_CASE("the error says what to write") {
    CHECK(fault("[serve]\nport: 80\n") ==
          "configuration file c.toml:2: expected is key = value or [section]");
    CHECK(
        fault("[serve]\nhost = here\n") ==
        "configuration file c.toml:2: key 'serve.host': a value without quotes is a number, a date, true or "
        "false; put a text into quotes");
  }
}

}  // namespace ratings::cmd
