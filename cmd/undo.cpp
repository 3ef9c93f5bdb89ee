// ratingsctl undo: puts a batch back and lifts its exclusion.
#include "clean_up_report.hpp"
#include "commands.hpp"
#include "option_types.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "values.hpp"

namespace ratings::cmd {
namespace {

struct UndoOptions {
  UndoRequest request;
  std::optional<Format> format;
};

std::string summary(const UndoResult& result, const UndoOptions& options, const Times& times) {
  const auto& batch = options.request.batch;
  if (!result.known) return {};
  if (result.already_undone) return batch + " has been undone already; nothing was changed\n";
  const auto users = user_lines(result);
  const auto totals =
      counted(result.rows, "row", "rows") + " of " + counted(result.user_count, "user", "users");
  if (options.request.dry_run)
    return users + "would give back " + totals + "; nothing was changed (--dry-run)\n";
  return users + "gave back " + totals + " of " + batch + "; " + times_text(times);
}

/// What could not be given back, named on stderr.
ExitCode remainder(const UndoResult& result, const std::string& batch) {
  if (!result.known) {
    complain("there is no batch " + batch + "; 'ratingsctl batches' lists them");
    return ExitCode::remainder;
  }
  auto code = ExitCode::done;
  if (result.pruned && !result.already_undone) {
    complain(
        "what " + batch +
        " had taken was erased by 'batches --prune-older-than'; only what loads held back since is given "
        "back");
    code = ExitCode::remainder;
  }
  for (const auto& user : result.users) {
    const auto name = "user " + std::to_string(user.user.value);
    if (user.status == UserStatus::still_excluded) {
      complain(name + " is still excluded by another batch; nothing of theirs was given back");
      code = ExitCode::remainder;
    } else if (user.status == UserStatus::erased) {
      complain(name + ": nothing is left to give back");
      code = ExitCode::remainder;
    }
  }
  return code;
}

ExitCode run_undo(const Settings& settings, const UndoOptions& options) {
  auto& clock = boot_clock();
  const auto started = clock.now();
  const auto store = store_options(settings, "undo");
  RedisCopies copies{settings, store};
  const auto clean_up = open_clean_up(store);
  Interruption interruption{[&clean_up] { clean_up->cancel(); }};

  interruption.check();
  const auto result = clean_up->undo(options.request);
  result.batch ? interruption.committed(": batch " + *result.batch + " is given back")
               : interruption.nothing_to_change();
  Times times;
  if (!options.request.dry_run) times = make_visible(result, copies, Erase::once, started, clock);

  const bool json = options.format == Format::json;
  // An undo is not taken back by a line: purge-user takes the rows out again, as a batch of its own.
  print_change(
      json ? to_line(clean_up_json(result, copies, times, std::nullopt)) : summary(result, options, times),
      result.batch);
  complain_about_redis(copies);
  return remainder(result, options.request.batch);
}

}  // namespace

void add_undo(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<UndoOptions>();
  auto* command = app.add_subcommand("undo", "Put a batch back and lift its exclusion");
  add_value(*command, "batch", options->request.batch, parse_batch_name, "the batch's name")
      ->required()
      ->type_name("BATCH");
  command->add_flag("--lift", options->request.lift_only,
                    "of a superseded batch: lift the exclusion, give back what later loads held back");
  command->add_flag("--dry-run", options->request.dry_run, "say what would happen, change nothing");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command,
               "  ratingsctl undo purge-17\n"
               "  ratingsctl undo --dry-run dedupe-19\n",
               "0 done, 2 usage, 3 unknown batch or rows that stay out, 4 no store, 5 superseded");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_undo(settings, *options); };
  });
}

}  // namespace ratings::cmd
