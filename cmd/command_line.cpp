#include "command_line.hpp"

#include "completion_model.hpp"
#include "configuration.hpp"
#include "missing_value.hpp"
#include "misunderstood.hpp"
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

/// A sub-command's help also lists what every command understands. An option shows what it takes, table|json,
/// and its default behind the description.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const auto word = completed_word(*option);
    if (word.type.empty()) return {};
    std::string values;
    for (const auto& value : word.values) values += (values.empty() ? "" : "|") + value;
    return " " + (values.empty() ? word.type : values) + (option->get_expected_max() > 1 ? " ..." : "");
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const auto otherwise = option->get_default_str();
    return option->get_description() + (otherwise.empty() ? "" : " [" + otherwise + "]");
  }

  std::string make_footer(const CLI::App* app) const override {
    std::string shared;
    if (const auto* parent = app->get_parent(); parent != nullptr) {
      const auto is_setting = [](const CLI::Option* option) {
        return option->get_name() != "--help" && option->get_name() != "--version";
      };
      shared = make_group("Options of every command", false, parent->get_options(is_setting));
    }
    return shared + "\n" + CLI::Formatter::make_footer(app);
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
  for (const auto add :
       {add_load, add_serve, add_query, add_profile, add_purge_user, add_undo, add_batches, add_dedupe,
        add_suspects, add_export, add_status, add_init, add_healthcheck, add_config, add_completion}) {
    add(app, selected);
  }
}

/// The text of --help or --version, empty when there is something to run.
std::string parse(CLI::App& app, const Arguments& arguments) {
  try {
    app.parse(std::vector<std::string>{arguments.values.rbegin(), arguments.values.rend()});
    return {};
  } catch (const CLI::ParseError& error) {
    // Help is also asked for a command that does not exist, and then there is none.
    if (error.get_exit_code() != 0 || !unknown_command(app).empty()) {
      throw Error{Kind::usage, explain(app, error)};
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

ExitCode run_chosen(CommandLine& line, const Arguments& arguments) {
  auto& app = *line.app;
  if (const auto text = parse(app, arguments); !text.empty()) {
    print(text);
    return ExitCode::done;
  }
  auto& chosen = *app.get_subcommands().front();
  auto& selected = line.selected;
  selected.origins = complete_options(app, chosen, line.settings.environment, selected.on_problem);
  const auto& level = line.settings.log_level;
  set_log_level(!level.empty() ? level : default_log_level(chosen.get_name()));
  return selected.run(line.settings);
}

}  // namespace

CommandLine::CommandLine(Environment environment) : app{std::make_unique<CLI::App>(kAbout, "ratingsctl")} {
  settings.environment = std::move(environment);
  describe(*app, settings, selected);
}

CommandLine::~CommandLine() = default;

ExitCode CommandLine::run(const Arguments& arguments) {
  warn_about_secrets(arguments);
  if (const auto missing = missing_value(*app, arguments.values))
    throw Error{Kind::usage, with_pointer(missing->message, *missing->command)};
  try {
    return run_chosen(*this, arguments);
  } catch (const Error& error) {
    if (error.kind() != Kind::usage) throw;
    throw Error{Kind::usage, with_pointer(error.what(), *app)};
  }
}

bool wants_json(const CommandLine& line, const Arguments& arguments) {
  if (const auto chosen = line.app->get_subcommands(); !chosen.empty()) {
    const auto* output = chosen.front()->get_option_no_throw("--output");
    return output != nullptr && output->count() > 0 && output->results().back() == "json";
  }
  // An unknown command's options belong to nobody.
  std::string words;
  for (const auto& word : arguments.values) words += "\n" + word;
  words += "\n";
  return words.find("\n-o\njson\n") != std::string::npos ||
         words.find("\n--output\njson\n") != std::string::npos ||
         words.find("\n--output=json\n") != std::string::npos ||
         words.find("\n-ojson\n") != std::string::npos;
}

}  // namespace ratings::cmd
