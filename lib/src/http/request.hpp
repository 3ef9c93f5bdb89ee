#pragma once

// What a request asks for. Pure: decided from the request line alone, before any store is touched.

#include "ratings/history_view.hpp"
#include "ratings/model.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ratings::http {

/// The most ids one parameter may list: bounds the work and keeps a next-page link below the 8 KiB of a
/// request line.
inline constexpr std::size_t kMaxListed = 100;

enum class Format { json, csv, ndjson };

struct Ping {};
struct Live {};
struct Ready {};
struct Metrics {};
struct Ops {};

/// A page for people, a file that one needs, or the API's description.
struct WebFile {
  std::size_t number = 0;  ///< in web_files()
};

/// GET /rates/{uid}
struct RatesOfUser {
  UserId user;
  HistoryFilter filter;
  Format format = Format::json;
};

/// GET /rates?uid=1,2,3
struct RatesOfUsers {
  std::vector<UserId> users;  ///< 1 … kMaxListed, each once
};

/// GET /user/profile/{uid}
struct ProfileOfUser {
  UserId user;
};

/// Which route a request was for: what /metrics counts by.
enum class RouteName {
  rates_of_user,
  rates_of_users,
  profile_of_user,
  ping,
  live,
  ready,
  metrics,
  ops,
  openapi,
  pages,
  other
};
/// As labels. "pages": those for people, with their files; one series for all of them is enough. "other": a
/// path that is none of these, and what is no HTTP.
inline constexpr std::array<const char*, 11> kRouteNames{
    "/rates/{uid}", "/rates",    "/user/profile/{uid}", "/ping", "/live", "/ready",
    "/metrics",     "/ops.json", "/openapi.json",       "pages", "other"};

/// The request gets an error instead of an answer.
struct Refusal {
  int status = 400;
  std::string code;     ///< stable, for programs
  std::string message;  ///< for people
  RouteName route = RouteName::other;
};

using Route =
    std::variant<Refusal, Ping, Live, Ready, Metrics, Ops, WebFile, RatesOfUser, RatesOfUsers, ProfileOfUser>;

/// `target` as it was sent: percent-encoded, with its query.
[[nodiscard]] Route route_of(std::string_view method, std::string_view target);

[[nodiscard]] RouteName name_of(const Route& route) noexcept;

/// The user of GET or HEAD /rates/{uid}, written without a query or any escape: what route_of() would say,
/// for the one request that must be fast. nullopt: anything else, or not valid; route_of() knows.
[[nodiscard]] std::optional<UserId> user_of_plain_rates(std::string_view method,
                                                        std::string_view target) noexcept;

/// Which route would do work for it; RouteName::other when the answer is a refusal.
[[nodiscard]] RouteName route_name(std::string_view method, std::string_view target);

/// `0|[1-9][0-9]*`, at most 2⁶³−1.
[[nodiscard]] std::optional<UserId> parse_user(std::string_view text) noexcept;

}  // namespace ratings::http
