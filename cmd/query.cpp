// ratingsctl query: one user's history, straight from the store.
#include "commands.hpp"
#include "option_types.hpp"
#include "stored_history.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/history_view.hpp"

namespace ratings::cmd {
namespace {

struct QueryOptions {
  UserId user;
  HistoryFilter filter;
  std::optional<Format> format;
};

Order parse_order(const std::string& text) { return text == "desc" ? Order::desc : Order::asc; }

std::string as_table(const QueryOptions& options, const std::vector<Rating>& ratings) {
  if (ratings.empty()) return "no ratings of user " + std::to_string(options.user.value) + "\n";
  Table table{{{"movie", Table::Align::right}, {"rating", Table::Align::right}, {"time (UTC)"}}};
  for (const auto& rating : ratings) {
    table.row(
        {std::to_string(rating.movie.value), format_score(rating.score), format_time(rating.timestamp)});
  }
  return for_stdout(table);
}

std::string render(const QueryOptions& options, const std::vector<Rating>& ratings) {
  switch (options.format.value_or(format_for_stdout())) {
    case Format::ndjson:
      return to_ndjson(ratings);
    case Format::csv:
      return to_csv(ratings);
    case Format::json:
      return to_json(ratings) + "\n";
    case Format::ids:  // not offered
    case Format::table:
      break;
  }
  return as_table(options, ratings);
}

ExitCode run_query(const Settings& settings, const QueryOptions& options) {
  const auto history = read_stored_history(settings, "query", options.user);
  print(render(options, select(history.ratings, options.filter).ratings));
  return ExitCode::done;
}

}  // namespace

void add_query(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<QueryOptions>();
  auto* command = app.add_subcommand("query", "Show a user's ratings");
  add_value(*command, "uid", options->user, parse_user_id, "the user")->required()->type_name("UID");
  auto& filter = options->filter;
  add_value(*command, "--from", filter.from, parse_moment, "not older than this, UTC")->type_name("TIME");
  add_value(*command, "--to", filter.to, parse_moment, "older than this, UTC")->type_name("TIME");
  add_values(*command, "--movie", filter.movies, parse_movie_id, "these movies only; a list, may be repeated")
      ->type_name("ID");
  add_value(*command, "--min-rating", filter.min_score, parse_score, "at least this rating")->type_name("R");
  add_value(*command, "--limit", filter.limit, parse_limit, "at most so many")->type_name("N");
  add_value(*command, "--order", filter.order, parse_order, "oldest (asc) or newest (desc) first")
      ->check(CLI::IsMember(std::vector<std::string>{"asc", "desc"}))
      ->type_name("ORDER")
      ->default_str("asc");
  add_output_option(*command, options->format, {"table", "json", "ndjson", "csv"},
                    "table on a terminal, else json");
  add_epilogue(
      *command,
      "  ratingsctl query 1\n"
      "  ratingsctl query 1 --from 2009-12-14 --min-rating 4 --order desc --limit 10\n",
      "0 done (also for an unknown user, whose history is empty), 2 usage, 4 no store, 5 not ours or newer");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_query(settings, *options); };
  });
}

}  // namespace ratings::cmd
