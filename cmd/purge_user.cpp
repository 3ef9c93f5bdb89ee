// ratingsctl purge-user: these users' ratings into quarantine, and the users onto the exclusion list.
#include "clean_up_report.hpp"
#include "commands.hpp"
#include "id_list.hpp"
#include "option_types.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "values.hpp"

namespace ratings::cmd {
namespace {

struct PurgeOptions {
  std::vector<std::string> users;
  std::string from_file;
  PurgeRequest request;
  bool yes = false;
  std::optional<Format> format;
};

std::vector<UserId> wanted_users(const PurgeOptions& options) {
  if (options.users.empty() == options.from_file.empty()) {
    throw Error{Kind::usage,
                "purge-user needs user ids, or --from-file FILE, or - for standard input: one of them"};
  }
  return chosen_users(options.users, options.from_file);
}

void guard_hard(const PurgeOptions& options) {
  if (!options.request.hard || options.yes || options.request.dry_run) return;
  throw Error{Kind::guard,
              "purge-user --hard erases ratings for good and cannot be undone; repeat it with --yes"};
}

std::vector<UserId> unknown_users(const CleanUpResult& result) {
  std::vector<UserId> unknown;
  for (const auto& user : result.users) {
    if (user.status == UserStatus::unknown) unknown.push_back(user.user);
  }
  return unknown;
}

std::string summary(const CleanUpResult& result, const PurgeOptions& options, const Times& times,
                    const std::optional<std::string>& undo) {
  auto text = user_lines(result);
  const auto totals =
      counted(result.rows, "row", "rows") + " of " + counted(result.user_count, "user", "users");
  if (options.request.dry_run) return text + "would take " + totals + "; nothing was changed (--dry-run)\n";
  if (!result.batch) return text + "nothing to do\n";
  if (options.request.hard) {
    return text + "erased " + totals + " as " + *result.batch + "; " + times_text(times) + "What remains: " +
           (result.traces_left ? "the erased ratings in the store's file or write-ahead log, see below; "
                               : "") +
           "backups; with PostgreSQL the write-ahead log until it is recycled, and the erased bytes in its "
           "files until they are overwritten (VACUUM FULL does that at once); with SQLite what a load "
           "--replace had replaced before, in free pages until they are overwritten (VACUUM does that at "
           "once); in memory of servers, never used again, until they need the room or end. The users stay "
           "excluded.\n";
  }
  return text + "took " + totals + " into quarantine as " + *result.batch + "; " + times_text(times) +
         (undo ? *undo + "\n" : "");
}

std::optional<std::string> undo_line(const CleanUpResult& result, const PurgeOptions& options) {
  if (!result.batch || options.request.hard) return std::nullopt;
  return "ratingsctl undo " + *result.batch;
}

ExitCode report(const CleanUpResult& result, const PurgeOptions& options, const RedisCopies& copies,
                const Times& times) {
  const auto undo = undo_line(result, options);
  const bool json = options.format == Format::json;
  print_change(
      json ? to_line(clean_up_json(result, copies, times, undo)) : summary(result, options, times, undo),
      result.batch);

  complain_about_redis(copies);
  complain_about_traces(result.traces_left);
  const auto unknown = unknown_users(result);
  for (const auto user : unknown) complain("user " + std::to_string(user.value) + " is unknown");
  const bool copies_remain = options.request.hard && (copies.unreachable() || result.traces_left);
  return unknown.empty() && !copies_remain ? ExitCode::done : ExitCode::remainder;
}

ExitCode run_purge_user(const Settings& settings, PurgeOptions& options) {
  auto& clock = boot_clock();
  const auto started = clock.now();
  guard_hard(options);
  options.request.users = wanted_users(options);
  const auto store = store_options(settings, "purge-user");
  RedisCopies copies{settings, store};
  const auto clean_up = open_clean_up(store);
  Interruption interruption{[&clean_up] { clean_up->cancel(); }};

  interruption.check();
  const auto result = clean_up->purge(options.request);
  result.batch ? interruption.committed(as_batch(result.batch, undo_line(result, options)))
               : interruption.nothing_to_change();
  Times times;
  if (!options.request.dry_run) {
    times = make_visible(result, copies, options.request.hard ? Erase::twice : Erase::once, started, clock);
  }
  return report(result, options, copies, times);
}

}  // namespace

void add_purge_user(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<PurgeOptions>();
  auto* command = app.add_subcommand("purge-user", "Take users' ratings out and keep the users out");
  auto* users =
      command->add_option("uid", options->users, "users, or - for standard input")->type_name("UID");
  add_from_file_option(*command, options->from_file)->excludes(users);
  command->add_option("--reason", options->request.reason, "kept with the batch, for the audit")
      ->type_name("TEXT");
  command->add_flag("--dry-run", options->request.dry_run, "say what would happen, change nothing");
  add_value(*command, "--max-rows", options->request.max_rows, parse_count,
            "refuse to take more rows than this")
      ->type_name("N");
  command->add_flag("--hard", options->request.hard,
                    "erase rows, their quarantine and cache copies for good");
  command->add_flag("--yes", options->yes, "needed with --hard");
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(
      *command,
      "  ratingsctl purge-user 42 43 --reason 'bots, ticket 7'\n"
      "  ratingsctl purge-user --from-file bots.txt --dry-run\n"
      "  ratingsctl purge-user 42 --hard --yes\n",
      "0 done, 2 usage, 3 some users are unknown or (--hard) Redis is away or the store was being read, "
      "4 no store, 5 refused");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_purge_user(settings, *options); };
  });
}

}  // namespace ratings::cmd
