// ratingsctl profile: what a user's ratings look like as a whole.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "stored_history.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/history_view.hpp"

#include <algorithm>

namespace ratings::cmd {
namespace {

struct ProfileOptions {
  UserId user;
  std::optional<Format> format;
};

/// A number as its JSON text, which is how the server shows it.
std::string number(const Json& value) { return value.dump(); }

std::string facts(const Json& profile) {
  Table table{{{""}, {"", Table::Align::left, Table::Fit::wrap}}};
  table.row({"user", number(profile.at("user_id"))});
  table.row({"ratings", number(profile.at("num_rating")) + " of " + number(profile.at("distinct_movies")) +
                            " movies, " + number(profile.at("re_ratings")) + " re-ratings"});
  table.row({"average", number(profile.at("avg_rating")) + " (median " + number(profile.at("median")) +
                            ", standard deviation " + number(profile.at("stddev")) + ", " +
                            number(profile.at("min")) + " to " + number(profile.at("max")) + ")"});
  table.row({"active", profile.at("first").get<std::string>() + " to " +
                           profile.at("last").get<std::string>() + " UTC, on " +
                           counted(profile.at("active_days").get<std::uint64_t>(), "day", "days")});
  return for_stdout(table);
}

/// `count` of `most` as a bar of at most `columns`, in eighths of a letter; whoever is there is seen.
std::string bar(std::uint64_t count, std::uint64_t most, std::size_t columns) {
  constexpr const char* kParts[]{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  constexpr std::uint64_t kEighths = 8;
  if (count == 0) return {};
  const auto length =
      std::max<std::uint64_t>(1, (count * columns * kEighths + most / 2) / std::max<std::uint64_t>(most, 1));
  std::string text;
  for (std::uint64_t i = 0; i < length / kEighths; ++i) text += "█";
  return text + kParts[length % kEighths];
}

/// What stands beside a bar, and how long it is.
struct BarRow {
  std::vector<std::string> cells;
  std::uint64_t count = 0;
};

/// A table with a bar in its last column that uses what the screen has left.
std::string with_bars(std::vector<Table::Column> columns, const std::vector<BarRow>& rows) {
  constexpr std::size_t kLongest = 50;  // longer ones compare no better
  constexpr std::size_t kShortest = 10;
  std::uint64_t most = 0;
  for (const auto& row : rows) most = std::max(most, row.count);
  columns.push_back({"", Table::Align::left, Table::Fit::keep, Style::bar});
  Table bare{columns};
  for (const auto& row : rows) {
    auto cells = row.cells;
    cells.emplace_back();
    bare.row(std::move(cells));
  }
  const auto screen = screen_of(stdout);
  const auto taken = bare.width_before_last();
  auto space = kLongest;
  if (screen.columns)
    space = std::clamp(*screen.columns - std::min(*screen.columns, taken), kShortest, kLongest);
  Table table{std::move(columns)};
  for (const auto& row : rows) {
    auto cells = row.cells;
    cells.push_back(bar(row.count, most, space));
    table.row(std::move(cells));
  }
  return table.text(screen);
}

std::string histogram(const Json& profile) {
  std::vector<BarRow> rows;
  for (const auto& [rating, value] : profile.at("histogram").items()) {
    const auto count = value.get<std::uint64_t>();
    rows.push_back({.cells = {rating, std::to_string(count)}, .count = count});
  }
  return with_bars({{"rating", Table::Align::right}, {"count", Table::Align::right}}, rows);
}

/// Years without ratings between others have a line: a pause is activity too.
std::string years(const Json& profile) {
  std::vector<BarRow> rows;
  std::optional<std::int64_t> last;
  for (const auto& year : profile.at("by_year")) {
    const auto this_year = year.at("year").get<std::int64_t>();
    const auto missing = last ? this_year - *last - 1 : 0;
    if (missing > 0) {
      const auto end = missing > 1 ? "-" + std::to_string(this_year - 1) : std::string{};
      rows.push_back({.cells = {std::to_string(*last + 1) + end, "0", "-"}, .count = 0});
    }
    rows.push_back({.cells = {number(year.at("year")), number(year.at("count")), number(year.at("avg"))},
                    .count = year.at("count").get<std::uint64_t>()});
    last = this_year;
  }
  return with_bars({{"year"}, {"ratings", Table::Align::right}, {"average", Table::Align::right}}, rows);
}

std::string recent(const Json& profile) {
  Table table{{{"latest", Table::Align::right}, {"rating", Table::Align::right}, {"time (UTC)"}}};
  for (const auto& rating : profile.at("recent")) {
    table.row({number(rating.at("movie_id")), number(rating.at("rating")),
               rating.at("timestamp").get<std::string>()});
  }
  return for_stdout(table);
}

std::string as_text(const std::string& body) {
  const auto profile = Json::parse(body);
  return facts(profile) + "\n" + histogram(profile) + "\n" + years(profile) + "\n" + recent(profile);
}

ExitCode run_profile(const Settings& settings, const ProfileOptions& options) {
  const auto history = read_stored_history(settings, "profile", options.user);
  const auto body = profile_json(options.user, history.ratings);
  const bool json = options.format.value_or(format_for_stdout()) == Format::json;
  if (!body) {
    if (json) print("null\n");
    complain("user " + std::to_string(options.user.value) + " has no ratings");
    return ExitCode::remainder;
  }
  print(json ? *body + "\n" : as_text(*body));
  return ExitCode::done;
}

}  // namespace

void add_profile(CLI::App& app, Selected& selected) {
  auto options = std::make_shared<ProfileOptions>();
  auto* command = app.add_subcommand("profile", "Show what a user's ratings look like as a whole");
  add_value(*command, "uid", options->user, parse_user_id, "the user")->required()->type_name("UID");
  add_output_option(*command, options->format, {"table", "json"}, "table on a terminal, else json");
  add_epilogue(*command, "  ratingsctl profile 1\n",
               "0 done, 2 usage, 3 unknown user, 4 no store, 5 not ours or newer");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_profile(settings, *options); };
  });
}

}  // namespace ratings::cmd
