#include "common_options.hpp"
#include "configuration.hpp"
#include "option_types.hpp"
#include "support/temp_dir.hpp"
#include "values.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

namespace ratings::cmd {
namespace {

using test::TempDir;

/// An application with one sub-command, its settings and a world of its own.
struct Program {
  Program() {
    app.fallthrough();
    settings.environment = environment();
    add_common_options(app, settings);
    auto* run = app.add_subcommand("run");
    add_value(*run, "--limit", limit, parse_limit, "");
    run->add_flag("--access-log", access_log);
    run->add_flag("--yes", yes);
    app.add_subcommand("other")->add_option("--only-other", other);
  }

  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
  }

  void start(std::vector<std::string> arguments) {
    std::vector<std::string> reversed{arguments.rbegin(), arguments.rend()};
    app.parse(std::move(reversed));
    origins = complete_options(app, environment());
  }

  std::map<std::string, std::string> variables;
  CLI::App app;
  Settings settings;
  std::uint64_t limit = 1;
  bool access_log = false;
  bool yes = false;
  std::string other;
  Origins origins;
};

std::string write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
  return path.string();
}

}  // namespace

TEST_SUITE("configuration") {
  TEST_CASE("flag over environment over file over default") {
    const TempDir folder;
    const auto file =
        write(folder.path() / "c.toml", "memory-cache = \"1K\"\n[run]\nlimit = 2\naccess-log = true\n");

    Program all;
    all.variables = {{"RATINGSCTL_LIMIT", "3"}, {"RATINGSCTL_MEMORY_CACHE", "2K"}};
    all.start({"run", "--config", file, "--limit", "4", "--memory-cache", "3K"});
    CHECK(all.limit == 4);
    CHECK(all.settings.memory_cache == 3072);

    Program without_flag;
    without_flag.variables = all.variables;
    without_flag.start({"run", "--config", file});
    CHECK(without_flag.limit == 3);
    CHECK(without_flag.settings.memory_cache == 2048);

    Program only_file;
    only_file.start({"--config", file, "run"});
    CHECK(only_file.limit == 2);
    CHECK(only_file.settings.memory_cache == 1024);
    CHECK(only_file.access_log);

    Program nothing;
    nothing.variables = {{"HOME", folder.path().string()}};
    nothing.start({"run"});
    CHECK(nothing.limit == 1);
    CHECK(nothing.settings.memory_cache == 268435456);
  }

  TEST_CASE("a section of the command wins over the top of the file, another one does not count") {
    const TempDir folder;
    const auto file =
        write(folder.path() / "c.toml",
              "log-level = \"debug\"\n[other]\nlog-level = \"error\"\n[run]\nlog-level = \"info\"\n");
    Program program;
    program.start({"run", "--config", file});
    CHECK(program.settings.log_level == "info");
  }

  TEST_CASE("what cannot be used is named with its place") {
    const TempDir folder;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"colour = 1\n", "key 'colour' is unknown"},
        {"limit = 1\n", "key 'limit' is unknown; it belongs into section [run]"},
        {"[run]\nlimit = 0\n", "key 'run.limit': "},
        {"[run]\nlimit = 1\nlimit = 2\n", "key 'run.limit'"},
        {"[run]\nyes = true\n", "key 'run.yes' works on the command line only"},
        {"[nowhere]\nlimit = 1\n", "key 'nowhere.limit' is unknown: no command has that name"},
        {"config = \"x\"\n", "key 'config' works on the command line only"},
        {"[run]\naccess-log = 7x\n", "key 'run.access-log'"},
        {"store = \"mysql:x\"\n", "key 'store': "},
    };
    for (const auto& [text, message] : cases) {
      CAPTURE(text);
      const auto file = write(folder.path() / "c.toml", text);
      Program program;
      CHECK_THROWS_WITH_AS(program.start({"run", "--config", file}), doctest::Contains(message.c_str()),
                           Error);
      Program again;
      CHECK_THROWS_WITH_AS(again.start({"run", "--config", file}), doctest::Contains(file.c_str()), Error);
    }
  }

  TEST_CASE("a variable with a bad value or for a switch is named") {
    Program bad;
    bad.variables = {{"RATINGSCTL_LIMIT", "0"}};
    CHECK_THROWS_WITH_AS(bad.start({"run"}), doctest::Contains("environment variable RATINGSCTL_LIMIT: "),
                         Error);
    Program flag;
    flag.variables = {{"RATINGSCTL_YES", "1"}};
    CHECK_THROWS_WITH_AS(flag.start({"run"}),
                         doctest::Contains("RATINGSCTL_YES: --yes works on the command line only"), Error);
  }

  TEST_CASE("a file that was named must exist, the usual places need not") {
    Program named;
    CHECK_THROWS_WITH_AS(named.start({"run", "--config", "/no/such/file"}),
                         doctest::Contains("/no/such/file"), Error);
    Program by_variable;
    by_variable.variables = {{"RATINGSCTL_CONFIG", "/no/such/file"}};
    CHECK_THROWS_AS(by_variable.start({"run"}), Error);
  }

  TEST_CASE("the default places follow the XDG specification") {
    std::map<std::string, std::string> variables{{"HOME", "/h"}};
    const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    CHECK(default_store_path(environment) == "/h/.local/share/ratingsctl/ratings.db");
    variables["XDG_DATA_HOME"] = "/d";
    CHECK(default_store_path(environment) == "/d/ratingsctl/ratings.db");
    variables["XDG_DATA_HOME"] = "relative";
    CHECK(default_store_path(environment) == "/h/.local/share/ratingsctl/ratings.db");
    variables.clear();
    CHECK(default_store_path(environment) == std::nullopt);
  }

  TEST_CASE("Redis beside an embedded store is refused, and so is no home at all") {
    Settings settings;
    settings.environment = [](const std::string&) { return std::optional<std::string>{}; };
    CHECK_THROWS_AS((void)store_options(settings, "load"), Error);
    settings.store = "sqlite:/x.db";
    CHECK(store_options(settings, "load").url == "sqlite:/x.db");
    settings.cache = "redis://localhost:6379/0";
    CHECK_THROWS_WITH_AS((void)store_options(settings, "load"), doctest::Contains("PostgreSQL"), Error);
  }

  TEST_CASE("a password file's one line feed is not part of the password") {
    const TempDir folder;
    const auto file = write(folder.path() / "secret", "geheim \n\n");
    Settings settings;
    settings.store = "postgresql://u@h/d";
    settings.environment = [&](const std::string& name) -> std::optional<std::string> {
      if (name == "RATINGSCTL_STORE_PASSWORD_FILE") return file;
      return std::nullopt;
    };
    CHECK(store_options(settings, "load").password == "geheim \n");
  }

  TEST_CASE("an option's variable is its name in capitals") {
    CHECK(variable_name("memory-cache") == "RATINGSCTL_MEMORY_CACHE");
  }
}

}  // namespace ratings::cmd
