// ratingsctl dedupe: records equal in all four columns become one.
#include "clean_up_report.hpp"
#include "commands.hpp"
#include "id_list.hpp"
#include "option_types.hpp"
#include "signals.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/history_view.hpp"

namespace ratings::cmd {
namespace {

struct DedupeOptions {
  std::string from_file;
  DedupeRequest request;
  std::optional<Format> format;
};

Json as_json(const DedupeResult& result, const RedisCopies& copies, const Times& times,
             const std::optional<std::string>& undo) {
  auto json = clean_up_json(result, copies, times, undo);
  json["users"] = result.user_count;
  json["groups"] = result.groups;
  json["conflicts"] = result.conflict_count;
  auto& records = json["conflict_records"] = Json::array();
  for (const auto& conflict : result.conflicts) {
    records.push_back({{"user_id", conflict.user.value},
                       {"movie_id", conflict.movie.value},
                       {"timestamp", format_time(conflict.timestamp)},
                       {"records", conflict.records}});
  }
  return json;
}

std::string conflict_lines(const DedupeResult& result) {
  if (result.conflict_count == 0) return {};
  constexpr std::size_t kShown = 10;  // the rest is in -o json
  Table table{{{"user", Table::Align::right},
               {"movie", Table::Align::right},
               {"time"},
               {"records", Table::Align::right}}};
  for (std::size_t i = 0; i < std::min(kShown, result.conflicts.size()); ++i) {
    const auto& conflict = result.conflicts[i];
    table.row({std::to_string(conflict.user.value), std::to_string(conflict.movie.value),
               format_time(conflict.timestamp), std::to_string(conflict.records)});
  }
  auto text = counted(result.conflict_count, "event", "events") +
              " with different ratings for the same user, movie and time, left as stored:\n" +
              for_stdout(table);
  return result.conflict_count > kShown ? text + "… (all of them up to 1000: -o json)\n" : text;
}

std::string summary(const DedupeResult& result, const DedupeOptions& options, const Times& times,
                    const std::optional<std::string>& undo) {
  const auto conflicts = conflict_lines(result);
  const auto totals = counted(result.rows, "double", "doubles") + " of " +
                      counted(result.groups, "record", "records") + " by " +
                      counted(result.user_count, "user", "users");
  if (options.request.dry_run)
    return conflicts + "would take " + totals + "; nothing was changed (--dry-run)\n";
  if (!result.batch) return conflicts + "no doubles; nothing was changed\n";
  return conflicts + "took " + totals + " into quarantine as " + *result.batch + "; " + times_text(times) +
         (undo ? *undo + "\n" : "");
}

/// False: a file that names nobody, which must not mean everybody.
bool choose_users(DedupeOptions& options) {
  if (options.from_file.empty()) return true;
  auto& users = options.request.users;
  if (!users.empty()) throw Error{Kind::usage, "--user and --from-file cannot be mixed: one of them"};
  users = chosen_users({}, options.from_file);
  return !users.empty();
}

ExitCode run_dedupe(const Settings& settings, DedupeOptions& options) {
  auto& clock = boot_clock();
  const auto started = clock.now();
  const bool somebody = choose_users(options);
  const auto store = store_options(settings, "dedupe");
  RedisCopies copies{settings, store};
  const auto clean_up = open_clean_up(store);
  Interruption interruption{[&clean_up] { clean_up->cancel(); }};

  interruption.check();
  const auto result = somebody ? clean_up->dedupe(options.request) : DedupeResult{};
  std::optional<std::string> undo;
  if (result.batch) undo = "ratingsctl undo " + *result.batch;
  result.batch ? interruption.committed(as_batch(result.batch, undo)) : interruption.nothing_to_change();
  Times times;
  if (!options.request.dry_run) times = make_visible(result, copies, Erase::once, started, clock);

  const bool json = options.format == Format::json;
  print_change(json ? to_line(as_json(result, copies, times, undo)) : summary(result, options, times, undo),
               result.batch);
  complain_about_redis(copies);
  return ExitCode::done;
}

}  // namespace

void add_dedupe(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<DedupeOptions>();
  auto* command = app.add_subcommand("dedupe", "Collapse records that are equal in all four columns");
  command->add_flag("--dry-run", options->request.dry_run, "say what would happen, change nothing");
  auto* users = add_values(*command, "--user", options->request.users, parse_user_id,
                           "these users only; may be repeated")
                    ->type_name("UID");
  add_from_file_option(*command, options->from_file)->excludes(users);
  add_output_option(*command, options->format, {"table", "json"}, "table");
  add_epilogue(*command,
               "  ratingsctl dedupe --dry-run\n"
               "  ratingsctl dedupe --user 42\n"
               "  ratingsctl dedupe --from-file users.txt\n",
               "0 done, 2 usage, 4 no store, 5 refused");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_dedupe(settings, *options); };
  });
}

}  // namespace ratings::cmd
