#include "http/request.hpp"

#include "http/parameters.hpp"
#include "http/text.hpp"
#include "http/url.hpp"
#include "http/web_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ratings::http {
namespace {

constexpr std::string_view kRates = "/rates/";
constexpr std::array<std::string_view, 8> kRatesParameters{"from",  "to",     "movie_id", "min_rating",
                                                           "limit", "cursor", "order",    "format"};
constexpr std::array<std::string_view, 1> kBatchParameters{"uid"};

Refusal invalid_target(const char* message) { return {400, "invalid_target", message}; }
Refusal not_found() { return {404, "not_found", "there is nothing at this path"}; }
Refusal invalid_uid() {
  return {400, "invalid_uid", "a user id is a whole number from 0 to 9223372036854775807"};
}

struct Place {
  RouteName path;
  std::string_view uid = {};  ///< of the last two
  std::size_t file = 0;       ///< of those with a file
};

RouteName name_of_file(const WebContent& file) {
  return file.path == "/openapi.json" ? RouteName::openapi : RouteName::pages;
}

/// What a decoded path names; one trailing slash is tolerated.
std::optional<Place> place_of(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/ping") return Place{RouteName::ping};
  if (path == "/live") return Place{RouteName::live};
  if (path == "/ready") return Place{RouteName::ready};
  if (path == "/metrics") return Place{RouteName::metrics};
  if (path == "/ops.json") return Place{RouteName::ops};
  if (path == "/rates") return Place{RouteName::rates_of_users};
  const auto files = web_files();
  const auto file = std::ranges::find(files, path, &WebContent::path);
  if (file != files.end())
    return Place{name_of_file(*file), {}, static_cast<std::size_t>(file - files.begin())};

  constexpr std::string_view kProfile = "/user/profile/";
  const bool profile = path.starts_with(kProfile);
  if (!profile && !path.starts_with(kRates)) return std::nullopt;
  const auto uid = path.substr(profile ? kProfile.size() : kRates.size());
  if (uid.empty() || uid.find('/') != std::string_view::npos) return std::nullopt;
  return Place{profile ? RouteName::profile_of_user : RouteName::rates_of_user, uid};
}

std::span<const std::string_view> parameters_of(RouteName path) {
  if (path == RouteName::rates_of_user) return kRatesParameters;
  if (path == RouteName::rates_of_users) return kBatchParameters;
  return {};
}

/// RFC 9112 §3.2.2: a server must accept "http://host/path" too. nullopt: an authority that none can be.
std::optional<std::string> origin_form(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (!same_word(target.substr(0, kScheme.size()), kScheme)) return std::string{target};
  target.remove_prefix(kScheme.size());
  const auto end = std::min(target.find_first_of("/?"), target.size());
  const auto authority = target.substr(0, end);
  // User information is none here: it is for browsers' address lines, and for deceiving (RFC 9110 §4.2.4).
  if (authority.empty() || !is_authority(authority)) return std::nullopt;
  target.remove_prefix(end);
  return target.starts_with('/') ? std::string{target} : "/" + std::string{target};
}

Route route_of_place(const Place& place, const Parameters& parameters) {
  switch (place.path) {
    case RouteName::ping:
      return Ping{};
    case RouteName::live:
      return Live{};
    case RouteName::ready:
      return Ready{};
    case RouteName::metrics:
      return Metrics{};
    case RouteName::ops:
      return Ops{};
    case RouteName::openapi:
    case RouteName::pages:
      return WebFile{place.file};
    case RouteName::rates_of_users:
      return rates_of_users(parameters);
    case RouteName::rates_of_user:
    case RouteName::profile_of_user:
    case RouteName::other:
      break;
  }
  const auto user = parse_user(place.uid);
  if (!user) return invalid_uid();
  if (place.path == RouteName::profile_of_user) return ProfileOfUser{*user};
  return rates_of_user(*user, parameters);
}

}  // namespace

std::optional<UserId> parse_user(std::string_view text) noexcept {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return UserId{value};
}

RouteName name_of(const Route& route) noexcept {
  struct Name {
    RouteName operator()(const Refusal& refusal) const { return refusal.route; }
    RouteName operator()(const Ping&) const { return RouteName::ping; }
    RouteName operator()(const Live&) const { return RouteName::live; }
    RouteName operator()(const Ready&) const { return RouteName::ready; }
    RouteName operator()(const Metrics&) const { return RouteName::metrics; }
    RouteName operator()(const Ops&) const { return RouteName::ops; }
    RouteName operator()(const WebFile& file) const { return name_of_file(web_files()[file.number]); }
    RouteName operator()(const RatesOfUser&) const { return RouteName::rates_of_user; }
    RouteName operator()(const RatesOfUsers&) const { return RouteName::rates_of_users; }
    RouteName operator()(const ProfileOfUser&) const { return RouteName::profile_of_user; }
  };
  return std::visit(Name{}, route);
}

std::optional<UserId> user_of_plain_rates(std::string_view method, std::string_view target) noexcept {
  if (!target.starts_with(kRates) || (method != "GET" && method != "HEAD")) return std::nullopt;
  auto uid = target.substr(kRates.size());
  if (uid.ends_with('/')) uid.remove_suffix(1);
  return parse_user(uid);
}

RouteName route_name(std::string_view method, std::string_view target) {
  const auto route = route_of(method, target);
  return std::holds_alternative<Refusal>(route) ? RouteName::other : name_of(route);
}

Route route_of(std::string_view method, std::string_view target) {
  const auto graphic = [](char c) { return c > ' ' && c < '\x7f' && c != '#'; };
  if (!std::all_of(target.begin(), target.end(), graphic)) {
    return invalid_target("the request target has a character that must be percent-encoded");
  }
  const auto in_origin_form = origin_form(target);
  if (!in_origin_form) return invalid_target("the request target names no host");
  target = *in_origin_form;
  const auto question = target.find('?');
  const auto raw_path = target.substr(0, question);
  const auto path = percent_decoded(raw_path, Plus::literal);
  if (!path) return invalid_target("the path has a broken percent escape");
  // A slash or NUL that was hidden in an escape means different paths to different programs on the way.
  if (path->find('\0') != std::string::npos ||
      std::count(path->begin(), path->end(), '/') != std::count(raw_path.begin(), raw_path.end(), '/')) {
    return invalid_target("the path has an encoded slash or NUL");
  }

  const auto place = place_of(*path);
  if (!place) return not_found();
  const auto named = [&place](Route route) {
    if (auto* refusal = std::get_if<Refusal>(&route)) refusal->route = place->path;
    return route;
  };
  if (method != "GET" && method != "HEAD") {
    return named(Refusal{405, "method_not_allowed", "only GET and HEAD are served here"});
  }
  const auto query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  const auto parameters = parse_parameters(query, parameters_of(place->path));
  if (const auto* refusal = std::get_if<Refusal>(&parameters)) return named(*refusal);
  return named(route_of_place(*place, std::get<Parameters>(parameters)));
}

}  // namespace ratings::http
