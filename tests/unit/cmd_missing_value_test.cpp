#include "command_line.hpp"
#include "completion_model.hpp"
#include "missing_value.hpp"
#include "misunderstood.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace ratings::cmd {
namespace {

using Words = std::vector<std::string>;

/// The real command line, that of every command and option.
struct Fixture {
  CommandLine line{[](const std::string&) { return std::optional<std::string>{}; }};
  const CompletionModel model = completion_model(*line.app);

  std::optional<MissingValue> missing(const Words& words) const { return missing_value(*line.app, words); }

  std::string message(const Words& words) const {
    const auto found = missing(words);
    return found ? found->message : "";
  }

  /// Each option of each command, those of every command too, by each of its names.
  void each_option(
      const std::function<void(const CompletedCommand&, const CompletedOption&, const std::string&)>& check) {
    for (const auto& command : model.commands) {
      for (const auto* options : {&command.options, &model.options}) {
        for (const auto& option : *options) {
          for (const auto& name : option.names) {
            CAPTURE(command.name);
            CAPTURE(name);
            check(command, option, name);
          }
        }
      }
    }
  }
};

bool is_long(const std::string& name) { return name.starts_with("--"); }

}  // namespace

TEST_SUITE("missing value") {
  TEST_CASE_FIXTURE(Fixture, "nothing behind the = of any option of any command is an error") {
    std::size_t checked = 0;
    each_option([&](const auto& command, const auto& option, const auto& name) {
      if (!is_long(name)) return;
      const auto expected = option.value.type.empty() ? "nothing stands behind " + name + "=; write " + name
                                                      : "the value of " + name + " is missing";
      CHECK(message({command.name, name + "=", "1"}).starts_with(expected));
      CHECK(message({command.name, "1", name + "="}).starts_with(expected));
      ++checked;
    });
    CHECK(checked > 150);
  }

  TEST_CASE_FIXTURE(Fixture, "an option is no value of any option of any command") {
    each_option([&](const auto& command, const auto& option, const auto& name) {
      const bool takes_value = !option.value.type.empty();
      for (const auto* next : {"--dry-run", "--no-such-option", "--help", "-h", "--"})
        CHECK(missing({command.name, name, next, "1"}).has_value() == takes_value);
      CHECK_FALSE(missing({command.name, name, "1", "--help"}));
    });
  }

  TEST_CASE_FIXTURE(Fixture, "what looks like an option and is a value stays one") {
    for (const auto& words :
         {Words{"purge-user", "--reason=--dry-run", "1"}, Words{"purge-user", "--reason", "", "1"},
          Words{"purge-user", "--from-file", "-"}, Words{"purge-user", "-", "--reason", "-5 stars"},
          Words{"--store", "status", "status"}, Words{"query", "1", "-ojson"},
          Words{"load", "--delimiter", "="}, Words{"load", "--delimiter=="},
          Words{"load", "--", "--rejects="}, Words{"load", "a="}}) {
      CAPTURE(words.back());
      CHECK(message(words) == "");
    }
  }

  TEST_CASE_FIXTURE(Fixture, "the message says what to write, and no secret") {
    CHECK(
        message({"purge-user", "--reason=", "--dry-run", "1"}) ==
        "the value of --reason is missing: nothing stands behind the =; write --reason '' for an empty one");
    CHECK(
        message({"purge-user", "--reason", "--dry-run", "2"}) ==
        "the value of --reason is missing: option --dry-run stands in its place; write --reason=--dry-run if "
        "that is meant");
    CHECK(message({"query", "1", "-o", "--cache=redis://:hunter2@h:1/0"}) ==
          "the value of -o is missing: option --cache=... stands in its place; write --output=--cache=... if "
          "that is meant");
  }

  TEST_CASE_FIXTURE(Fixture, "it belongs to the command that was named, wherever the option stands") {
    const auto found = missing({"--store", "query", "status", "--cache="});
    CHECK(with_pointer(found->message, *found->command).find("ratingsctl status --help") !=
          std::string::npos);
    CHECK(missing({"--store=", "status"})->command == line.app.get());
  }
}

}  // namespace ratings::cmd
