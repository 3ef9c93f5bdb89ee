#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <system_error>

namespace maker {

const char* const kHelp =
    "Usage: ratings-generate [--rows N] [--users N] [--seed N] [--doubles PERCENT] [--out FILE]\n"
    "                        [--bots KIND:PERCENT,…] [--bots-list FILE]\n"
    "\n"
    "Writes made-up ratings in the shape of The Movies Dataset's ratings.csv: "
    "userId,movieId,rating,timestamp,\n"
    "sorted by user and movie, a few users with very many ratings, many equal timestamps inside a user.\n"
    "The same arguments give the same bytes everywhere.\n"
    "\n"
    "  --rows N           ratings to write, 1 to 500000000 (100000)\n"
    "  --users N          users, numbered from 1; at most one a row (one for every 96 ratings)\n"
    "  --seed N           another number, other ratings (1)\n"
    "  --doubles PERCENT  of the rows, exact doubles of the row before, 0 to 50, such as 1 or 0.25 (0)\n"
    "  --out FILE         where to (standard output)\n"
    "  --bots LIST        of the users, so many percent are of a kind, such as push:1,clone:0.5 or all:1;\n"
    "                     films then differ in how well they are liked, and viewers in what they like\n"
    "  --bots-list FILE   writes who they are: userId,kind,group\n"
    "  --help             this text\n"
    "\n"
    "Kinds of bots, which rate among everybody else, under numbers of any size:\n"
    "  push               a group gives 5.0 to a film that is not liked, and rates others to look real\n"
    "  nuke               a group gives 0.5 to a film that is liked, and rates others to look real\n"
    "  clone              a group whose accounts hold the same films with the same ratings\n"
    "  burst              20 to 40 extreme ratings within seconds, for one side's films\n"
    "  lock-step          a group that rates the same films in the same order within the same minutes\n"
    "Kinds of people whom nobody should take for bots:\n"
    "  honest-burst       hundreds of ordinary ratings within minutes\n"
    "  honest-heavy       those with the most ratings: only named in the list, no rating is added\n";

namespace {

std::uint64_t parse_number(std::string_view name, std::string_view text, std::uint64_t min,
                           std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
    throw UsageError{std::string{name} + ": '" + std::string{text} + "' is not a whole number from " +
                     std::to_string(min) + " to " + std::to_string(max)};
  }
  return value;
}

/// "1", "0.25" or "1%" in hundredths of a percent.
std::uint64_t parse_percent(std::string_view name, std::string_view text) {
  const std::string shown{text};
  if (text.ends_with('%')) text.remove_suffix(1);
  const auto point = text.find('.');
  std::string fraction{point == std::string_view::npos ? "" : text.substr(point + 1)};
  const bool broken = fraction.size() > 2 || (point != std::string_view::npos && fraction.empty());
  fraction.resize(2, '0');
  const auto digits = std::string{text.substr(0, point)} + fraction;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (broken || digits.size() < 3 || error != std::errc{} || end != digits.data() + digits.size() ||
      value > 5'000) {
    throw UsageError{std::string{name} + ": '" + shown +
                     "' is not a percentage from 0 to 50 with at most two decimals"};
  }
  return value;
}

/// One "KIND:PERCENT" of --bots.
void add_share(Shares& shares, std::string_view item) {
  const auto colon = item.find(':');
  const auto kind = item.substr(0, colon);
  const auto place = std::find(kKinds.begin(), kKinds.end(), kind);
  if (colon == std::string_view::npos || (place == kKinds.end() && kind != "all")) {
    throw UsageError{"--bots: '" + std::string{item} +
                     "' is not KIND:PERCENT; kinds are push, nuke, clone, burst, lock-step, honest-burst, "
                     "honest-heavy, and all"};
  }
  const auto share = parse_percent("--bots", item.substr(colon + 1));
  if (kind == "all") {
    shares.fill(share);
  } else {
    shares[static_cast<std::size_t>(place - kKinds.begin())] = share;
  }
}

Shares parse_shares(std::string_view list) {
  Shares shares{};
  for (std::size_t begin = 0; begin <= list.size();) {
    const auto comma = std::min(list.find(',', begin), list.size());
    add_share(shares, list.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return shares;
}

/// The whole path, also of what does not exist yet, which weakly_canonical() alone would leave relative.
std::filesystem::path place(const std::string& path) {
  std::error_code none;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
}

/// Neither need exist yet. Devices take both.
bool same_file(const std::string& one, const std::string& other) {
  std::error_code none;
  if (std::filesystem::exists(one, none) && !std::filesystem::is_regular_file(one, none)) return false;
  if (std::filesystem::equivalent(one, other, none)) return true;
  return place(one) == place(other);
}

void set_option(Options& options, std::string_view name, std::string_view value) {
  constexpr std::uint64_t kMost =
      500'000'000;  // beyond it the products in rows_of_users() would not fit 64 bits
  if (name == "--rows") {
    options.rows = parse_number(name, value, 1, kMost);
  } else if (name == "--users") {
    options.users = parse_number(name, value, 1, kMost);
  } else if (name == "--seed") {
    options.seed = parse_number(name, value, 0, std::numeric_limits<std::uint64_t>::max());
  } else if (name == "--doubles") {
    options.doubles = parse_percent(name, value);
  } else if (name == "--out") {
    options.out = value;
  } else if (name == "--bots") {
    options.bots = parse_shares(value);
  } else if (name == "--bots-list") {
    options.bots_list = value;
  } else {
    throw UsageError{"unknown option " + std::string{name}};
  }
}

}  // namespace

std::optional<Options> parse_arguments(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto name = arguments[i];
    if (name == "--help" || name == "-h") return std::nullopt;
    if (const auto equals = name.find('='); equals != std::string_view::npos) {
      set_option(options, name.substr(0, equals), name.substr(equals + 1));
      continue;
    }
    if (i + 1 == arguments.size()) throw UsageError{std::string{name} + ": unknown, or its value is missing"};
    set_option(options, name, arguments[++i]);
  }
  if (!options.bots_list.empty() && !options.bots) {
    throw UsageError{"--bots-list: there is nobody to list without --bots"};
  }
  if (!options.out.empty() && !options.bots_list.empty() && same_file(options.out, options.bots_list)) {
    throw UsageError{"--bots-list: " + options.bots_list + " is where --out writes the ratings"};
  }
  return options;
}

}  // namespace maker
