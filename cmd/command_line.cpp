#include "command_line.hpp"

#include "commands.hpp"
#include "configuration.hpp"
#include "output.hpp"

#include "ratings/error.hpp"
#include "ratings/log.hpp"
#include "ratings/version.hpp"

#include <CLI/CLI.hpp>

#include <sstream>

namespace ratings::cmd {
namespace {

constexpr const char* kAbout =
    "Keeps viewers' ratings flat and answers what a user has rated: load a file, serve it over HTTP, clean "
    "it up.";
constexpr const char* kEpilogue =
    "Examples:\n"
    "  ratingsctl load ratings.csv && ratingsctl serve\n"
    "  ratingsctl --store postgresql://ratings@db/ratings status\n"
    "\n"
    "Settings come from the command line, else RATINGSCTL_<OPTION>, else the configuration file.\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 done with a remainder, 4 a server cannot be reached,\n"
    "5 refused by a guard, 130 interrupted. See ratingsctl(1).";

/// A sub-command's help also lists what every command understands.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_footer(const CLI::App* app) const override {
    std::string shared;
    if (const auto* parent = app->get_parent(); parent != nullptr) {
      const auto is_setting = [](const CLI::Option* option) {
        return option->get_name() != "--help" && option->get_name() != "--version";
      };
      shared = make_group("Options of every command", false, parent->get_options(is_setting));
    }
    return shared + CLI::Formatter::make_footer(app);
  }
};

void describe(CLI::App& app, Settings& settings, Selected& selected) {
  const auto formatter = std::make_shared<HelpFormatter>();
  constexpr std::size_t kColumn = 32;
  formatter->column_width(kColumn);
  app.formatter(formatter);
  app.fallthrough();  // ratingsctl load --store URL and ratingsctl --store URL load are the same
  app.set_help_flag("-h,--help", "this text");
  app.set_version_flag("--version", std::string{"ratingsctl "} + kVersion, "the program's version");
  app.require_subcommand(1);
  app.footer(kEpilogue);
  add_common_options(app, settings);
  for (const auto add : {add_load, add_serve, add_query, add_profile, add_purge_user, add_undo, add_batches,
                         add_dedupe, add_suspects, add_export, add_status, add_init, add_healthcheck}) {
    add(app, selected);
  }
}

/// The command the message is about, for the pointer to its help.
std::string chosen_name(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? "ratingsctl" : "ratingsctl " + chosen.front()->get_name();
}

/// The text of --help or --version, empty when there is something to run.
std::string parse(CLI::App& app, const Arguments& arguments) {
  try {
    app.parse(std::vector<std::string>{arguments.values.rbegin(), arguments.values.rend()});
    return {};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      throw Error{Kind::usage,
                  without_secrets(error.what(), arguments) + "; see '" + chosen_name(app) + " --help'"};
    }
    std::ostringstream text;
    app.exit(error, text, text);
    return text.str();
  }
}

void warn_about_secrets(const Arguments& arguments) {
  if (arguments.secrets.empty()) return;
  complain(
      "warning: a password on the command line can be seen by others; put it into a file and name that in "
      "RATINGSCTL_STORE_PASSWORD_FILE or RATINGSCTL_CACHE_PASSWORD_FILE");
}

}  // namespace

ExitCode run_command_line(const Arguments& arguments, const Environment& environment) {
  warn_about_secrets(arguments);
  CLI::App app{kAbout, "ratingsctl"};
  Settings settings;
  settings.environment = environment;
  Selected selected;
  describe(app, settings, selected);

  if (const auto text = parse(app, arguments); !text.empty()) {
    print(text);
    return ExitCode::done;
  }
  complete_options(app, environment);
  const bool serves = app.got_subcommand("serve");
  set_log_level(!settings.log_level.empty() ? settings.log_level : serves ? "info" : "warn");
  return selected.run(settings);
}

}  // namespace ratings::cmd
