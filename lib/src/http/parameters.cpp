#include "http/parameters.hpp"

#include "http/cursor_token.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace ratings::http {
namespace {

Refusal bad_value(std::string_view name, const std::string& expected) {
  return {.status = 400,
          .code = "invalid_parameter",
          .message = "the value of '" + std::string{name} + "' must be " + expected};
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  if (!all_digits(text)) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<float> score(std::string_view text) {
  // from_chars would also take a sign, "inf" and "nan".
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kMaxScore) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::vector<MovieId>> movies(std::string_view text) {
  std::vector<MovieId> ids;
  for (const auto part : split(text, ',')) {
    const auto id = whole_number<std::int32_t>(part);
    if (!id || ids.size() == kMaxListed) return std::nullopt;
    ids.push_back(MovieId{*id});
  }
  return ids;
}

/// Applies one parameter to `page`; a Refusal when its value is bad. On a page that a cursor brought, the
/// value must be the one that the cursor already has.
class Setter {
 public:
  Setter(RatesOfUser& page, bool continued) : page_{page}, continued_{continued} {}

  std::optional<Refusal> set(std::string_view name, const std::string& value) {
    auto& filter = page_.filter;
    if (name == "from") return assign(name, filter.from, parse_time(value), kTimeForm);
    if (name == "to") return assign(name, filter.to, parse_time(value), kTimeForm);
    if (name == "movie_id")
      return assign(name, filter.movies, movies(value), "1 to 100 movie ids, separated by commas");
    if (name == "min_rating") return assign(name, filter.min_score, score(value), "a number from 0 to 10");
    if (name == "limit") return assign(name, filter.limit, limit(value), "a whole number, at least 1");
    if (name == "order") return assign(name, filter.order, order(value), "asc or desc");
    return assign(name, page_.format, format(value), "json, csv or ndjson");
  }

 private:
  static constexpr const char* kTimeForm =
      "a time (UTC) as 2016-10-16, 2016-10-16T12:30:00 or seconds since 1970";

  template <typename Target, typename Value>
  std::optional<Refusal> assign(std::string_view name, Target& target, const std::optional<Value>& value,
                                const char* expected) const {
    if (!value) return bad_value(name, expected);
    if (continued_ && !(target == Target{*value}))
      return bad_value(name, "the one that the cursor was made with");
    target = *value;
    return std::nullopt;
  }

  static std::optional<std::uint64_t> limit(std::string_view text) {
    const auto value = whole_number<std::uint64_t>(text);
    return value == 0 ? std::nullopt : value;
  }
  static std::optional<Order> order(std::string_view text) {
    if (text == "asc") return Order::asc;
    if (text == "desc") return Order::desc;
    return std::nullopt;
  }
  static std::optional<Format> format(std::string_view text) {
    if (text == "json") return Format::json;
    if (text == "csv") return Format::csv;
    if (text == "ndjson") return Format::ndjson;
    return std::nullopt;
  }

  RatesOfUser& page_;
  bool continued_;
};

}  // namespace

std::variant<Refusal, Parameters> parse_parameters(std::string_view query,
                                                   std::span<const std::string_view> allowed) {
  Parameters parameters;
  if (query.empty()) return parameters;
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    const auto name = percent_decoded(part.substr(0, equals), Plus::blank);
    const auto value =
        percent_decoded(equals == std::string_view::npos ? "" : part.substr(equals + 1), Plus::blank);
    if (!name || !value) return Refusal{400, "invalid_target", "the query has a broken percent escape"};
    if (std::find(allowed.begin(), allowed.end(), *name) == allowed.end()) {
      // The name is not repeated: an answer is no place for what a stranger wrote.
      return Refusal{400, "unknown_parameter", "the query has a parameter that this path does not know"};
    }
    if (!parameters.emplace(*name, *value).second) {
      return Refusal{400, "repeated_parameter", "the query has '" + *name + "' more than once"};
    }
  }
  return parameters;
}

Route rates_of_user(UserId user, const Parameters& parameters) {
  RatesOfUser page;
  page.user = user;
  const auto cursor = parameters.find("cursor");
  if (cursor != parameters.end()) {
    const auto continued = read_cursor_token(cursor->second);
    if (!continued || continued->user != user) {
      return Refusal{400, "invalid_cursor", "the cursor is not one that this path gave out"};
    }
    page = *continued;
  }
  Setter setter{page, cursor != parameters.end()};
  for (const auto& [name, value] : parameters) {
    if (name == "cursor") continue;
    if (auto refusal = setter.set(name, value)) return *refusal;
  }
  return page;
}

Route rates_of_users(const Parameters& parameters) {
  const auto uid = parameters.find("uid");
  if (uid == parameters.end()) {
    return Refusal{400, "missing_parameter", "say which users: /rates/{uid} or /rates?uid=1,2,3"};
  }
  RatesOfUsers batch;
  std::set<UserId> seen;
  for (const auto part : split(uid->second, ',')) {
    const auto user = parse_user(part);
    if (!user)
      return Refusal{400, "invalid_uid", "a user id is a whole number from 0 to 9223372036854775807"};
    if (!seen.insert(*user).second) return bad_value("uid", "a list without repetitions");
    if (seen.size() > kMaxListed) return bad_value("uid", "a list of at most 100 user ids");
    batch.users.push_back(*user);
  }
  return batch;
}

}  // namespace ratings::http
