// ratingsctl suspects: accounts that look like vote-rigging, and why. Changes nothing.
#include "ratings/suspects.hpp"

#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "output.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/history_view.hpp"

#include <fmt/format.h>

namespace ratings::cmd {
namespace {

struct SuspectsOptions {
  SuspectQuery query;
  std::optional<Format> format;
};

unsigned parse_suspicion(const std::string& text) {
  constexpr std::uint64_t kMost = 100;
  const auto score = parse_count(text);
  if (score > kMost) throw Error{Kind::usage, "'" + text + "' is not a score from 0 to 100"};
  return static_cast<unsigned>(score);
}

Json as_json(const SuspectReport& report) {
  Json json{{"accounts", report.accounts}, {"judged", report.judged}, {"ratings", report.ratings}};
  auto& population = json["population"] = Json::object();
  for (const auto& row : report.population)
    population[row.measure] = {{"p5", row.p5}, {"p50", row.p50}, {"p95", row.p95}, {"p99", row.p99}};
  auto& attacks = json["attacks"] = Json::array();
  for (const auto& attack : report.attacks) {
    attacks.push_back({{"movie_id", attack.movie.value},
                       {"week", format_time(attack.week)},
                       {"weeks", attack.weeks},
                       {"ratings", attack.ratings},
                       {"mean", attack.mean},
                       {"usual", attack.usual}});
  }
  auto& suspects = json["suspects"] = Json::array();
  for (const auto& suspect : report.suspects) {
    auto reasons = Json::array();
    for (const auto& reason : suspect.reasons) {
      reasons.push_back(
          {{"signal", to_string(reason.signal)}, {"points", reason.points}, {"words", reason.words}});
    }
    suspects.push_back({{"user_id", suspect.user.value},
                        {"score", suspect.score},
                        {"ratings", suspect.ratings},
                        {"first", format_time(suspect.first)},
                        {"last", format_time(suspect.last)},
                        {"reasons", std::move(reasons)}});
  }
  return json;
}

std::string in_words(const Suspect& suspect) {
  std::string text;
  for (const auto& reason : suspect.reasons) text += (text.empty() ? "" : "; ") + reason.words;
  return text;
}

/// The reasons hold commas and no quotation marks.
std::string as_csv(const SuspectReport& report) {
  std::string text = "userId,score,ratings,first,last,reasons\n";
  for (const auto& suspect : report.suspects) {
    text += fmt::format("{},{},{},{},{},\"{}\"\n", suspect.user.value, suspect.score, suspect.ratings,
                        format_time(suspect.first), format_time(suspect.last), in_words(suspect));
  }
  return text;
}

std::string as_ids(const SuspectReport& report) {
  std::string text;
  for (const auto& suspect : report.suspects) text += std::to_string(suspect.user.value) + "\n";
  return text;
}

/// Limits that mean something only beside the population: it comes first.
std::string population_table(const SuspectReport& report) {
  Table table{{{"measure"},
               {"5 %", Table::Align::right},
               {"median", Table::Align::right},
               {"95 %", Table::Align::right},
               {"99 %", Table::Align::right}}};
  const auto figure = [](double value) { return fmt::format("{:.2f}", value); };
  for (const auto& row : report.population)
    table.row({row.measure, figure(row.p5), figure(row.p50), figure(row.p95), figure(row.p99)});
  return for_stdout(table);
}

std::string attack_table(const SuspectReport& report) {
  constexpr std::size_t kShown = 10;
  Table table{{{"attacked film", Table::Align::right},
               {"week of"},
               {"ratings", Table::Align::right},
               {"mean", Table::Align::right},
               {"otherwise", Table::Align::right}}};
  for (std::size_t i = 0; i < std::min(kShown, report.attacks.size()); ++i) {
    const auto& attack = report.attacks[i];
    constexpr std::size_t kDate = 10;  // YYYY-MM-DD
    table.row({std::to_string(attack.movie.value), format_time(attack.week).substr(0, kDate),
               std::to_string(attack.ratings), fmt::format("{:.2f}", attack.mean),
               fmt::format("{:.2f}", attack.usual)});
  }
  const auto rest = report.attacks.size() - std::min(kShown, report.attacks.size());
  return for_stdout(table) + (rest == 0 ? "" : fmt::format("and {} more\n", rest));
}

std::string as_table(const SuspectReport& report) {
  auto text = fmt::format(
      "{} by {}, {} of them judged by all signals\n\n{}\n", counted(report.ratings, "rating", "ratings"),
      counted(report.accounts, "account", "accounts"), report.judged, population_table(report));
  if (!report.attacks.empty()) text += attack_table(report) + "\n";
  if (report.suspects.empty()) return text + "no suspects\n";
  Table table{{{"user", Table::Align::right},
               {"score", Table::Align::right},
               {"ratings", Table::Align::right},
               {"last (UTC)"},
               {"reasons", Table::Align::left, Table::Fit::wrap}}};
  for (const auto& suspect : report.suspects) {
    table.row({std::to_string(suspect.user.value), std::to_string(suspect.score),
               std::to_string(suspect.ratings), format_time(suspect.last), in_words(suspect)});
  }
  return text + for_stdout(table);
}

ExitCode run_suspects(const Settings& settings, const SuspectsOptions& options) {
  const auto scan = open_rating_scan(store_options(settings, "suspects"));
  const auto report = find_suspects(*scan, options.query);
  switch (options.format.value_or(format_for_stdout())) {
    case Format::csv:
      print(as_csv(report));
      break;
    case Format::ids:
      print(as_ids(report));
      break;
    case Format::json:
      print_json(as_json(report));
      break;
    case Format::ndjson:  // not offered
    case Format::table:
      print(as_table(report));
      break;
  }
  return ExitCode::done;
}

}  // namespace

void add_suspects(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<SuspectsOptions>();
  auto& query = options->query;
  auto* command = app.add_subcommand("suspects", "Find accounts that look like vote-rigging, and say why");
  add_value(*command, "--movie", query.movie, parse_movie_id, "only accounts that rated this film")
      ->type_name("ID");
  add_value(*command, "--since", query.since, parse_moment, "only ratings not older than this, UTC")
      ->type_name("TIME");
  add_value(*command, "--min-ratings", query.min_ratings, parse_limit,
            "accounts with fewer are judged by attacks on a film only")
      ->type_name("N")
      ->default_str("20");
  add_value(*command, "--min-score", query.min_score, parse_suspicion,
            "suspects from this score on, 0 to 100")
      ->type_name("N")
      ->default_str("50");
  add_value(*command, "--top", query.top, parse_limit, "at most so many, the highest scores")->type_name("N");
  add_output_option(*command, options->format, {"table", "json", "csv", "ids"},
                    "table on a terminal, else json");
  add_epilogue(*command,
               "  ratingsctl suspects --top 20\n"
               "  ratingsctl suspects -o ids | ratingsctl purge-user - --reason 'votes rigged'\n",
               "0 done, also when there are none, 1 failed, 2 usage, 4 no store, 5 not ours or newer");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_suspects(settings, *options); };
  });
}

}  // namespace ratings::cmd
