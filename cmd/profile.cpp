// ratingsctl profile: what a user's ratings look like as a whole.
#include "commands.hpp"
#include "json_output.hpp"
#include "option_types.hpp"
#include "table.hpp"
#include "values.hpp"

#include "ratings/clock.hpp"
#include "ratings/history_view.hpp"

#include <algorithm>

namespace ratings::cmd {
namespace {

constexpr std::chrono::seconds kPatience{10};

struct ProfileOptions {
  UserId user;
  std::optional<Format> format;
};

/// A number as its JSON text, which is how the server shows it.
std::string number(const Json& value) { return value.dump(); }

std::string facts(const Json& profile) {
  Table table{{{""}, {""}}};
  table.row({"user", number(profile.at("user_id"))});
  table.row({"ratings", number(profile.at("num_rating")) + " of " + number(profile.at("distinct_movies")) +
                            " movies, " + number(profile.at("re_ratings")) + " re-ratings"});
  table.row({"average", number(profile.at("avg_rating")) + " (median " + number(profile.at("median")) +
                            ", standard deviation " + number(profile.at("stddev")) + ", " +
                            number(profile.at("min")) + " to " + number(profile.at("max")) + ")"});
  table.row({"active", profile.at("first").get<std::string>() + " to " +
                           profile.at("last").get<std::string>() + " UTC, on " +
                           counted(profile.at("active_days").get<std::uint64_t>(), "day", "days")});
  return table.text();
}

std::string histogram(const Json& profile) {
  constexpr std::uint64_t kWidest = 40;
  std::uint64_t most = 1;
  for (const auto& count : profile.at("histogram")) most = std::max(most, count.get<std::uint64_t>());
  Table table{{{"rating", Table::Align::right}, {"count", Table::Align::right}, {""}}};
  for (const auto& [rating, value] : profile.at("histogram").items()) {
    const auto count = value.get<std::uint64_t>();
    const auto length = (count * kWidest + most - 1) / most;  // rounded up: one rating is seen
    std::string bar;
    for (std::uint64_t i = 0; i < length; ++i) bar += "█";
    table.row({rating, std::to_string(count), bar});
  }
  return table.text();
}

std::string years(const Json& profile) {
  Table table{{{"year"}, {"ratings", Table::Align::right}, {"average", Table::Align::right}}};
  for (const auto& year : profile.at("by_year")) {
    table.row({number(year.at("year")), number(year.at("count")), number(year.at("avg"))});
  }
  return table.text();
}

std::string as_text(const std::string& body) {
  const auto profile = Json::parse(body);
  return facts(profile) + "\n" + histogram(profile) + "\n" + years(profile);
}

ExitCode run_profile(const Settings& settings, const ProfileOptions& options) {
  auto store = store_options(settings, "profile");
  store.connections = 1;
  const auto history = open_history_reader(store)->history(options.user, boot_clock().now() + kPatience);
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
  add_output_option(*command, options->format, {"table", "json"});
  add_epilogue(*command, "  ratingsctl profile 1\n", "0 done, 2 usage, 3 unknown user, 4 no store");
  command->callback([&selected, options] {
    selected.run = [options](const Settings& settings) { return run_profile(settings, *options); };
  });
}

}  // namespace ratings::cmd
