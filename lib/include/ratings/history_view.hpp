#pragma once

#include "ratings/export.hpp"
#include "ratings/model.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ratings {

enum class Order { asc, desc };

/// A place between two records, stable among equal ones: the record last shown and how many equal to it were.
struct Cursor {
  std::int64_t timestamp = 0;
  MovieId movie;
  float score = 0;
  std::uint64_t seen = 0;  ///< how many records equal to this one have been shown, at least 1
};

/// What part of a history is wanted. The default is all of it, oldest first.
struct HistoryFilter {
  std::optional<std::int64_t> from;  ///< timestamp >= from
  std::optional<std::int64_t> to;    ///< timestamp < to
  std::vector<MovieId> movies;       ///< empty: any
  std::optional<float> min_score;
  std::optional<std::uint64_t> limit;  ///< >= 1
  std::optional<Cursor> after;
  Order order = Order::asc;

  [[nodiscard]] RATINGS_EXPORT bool everything() const;
};

struct HistoryPage {
  std::vector<Rating> ratings;
  std::optional<Cursor> next;  ///< set when the limit cut something off
};

/// Applies `filter` to a history in older() order.
[[nodiscard]] RATINGS_EXPORT HistoryPage select(std::span<const Rating> history, const HistoryFilter& filter);

/// "2016-10-16", "2016-10-16 12:30:00" (also with T for the blank, or with a Z), or seconds since 1970; UTC.
/// nullopt: none of these.
[[nodiscard]] RATINGS_EXPORT std::optional<std::int64_t> parse_time(std::string_view text);
/// "YYYY-MM-DD HH:MM:SS", UTC.
[[nodiscard]] RATINGS_EXPORT std::string format_time(std::int64_t timestamp);
/// Shortest text that reads back as the same float: "4", "3.5".
[[nodiscard]] RATINGS_EXPORT std::string format_score(float score);

/// The bodies of /rates: [{"movie_id":31,"rating":2.5,"timestamp":"2009-12-14 02:52:24"},…], one object a
/// line, or the columns of ratings.csv with their header.
[[nodiscard]] RATINGS_EXPORT std::string to_json(std::span<const Rating> ratings);
[[nodiscard]] RATINGS_EXPORT std::string to_ndjson(std::span<const Rating> ratings);
[[nodiscard]] RATINGS_EXPORT std::string to_csv(std::span<const Rating> ratings);
/// For exports of several users' ratings. A line of ratings.csv, and an object like to_json's with "user_id"
/// before the rest; each with its line end.
inline constexpr std::string_view kCsvHeader = "userId,movieId,rating,timestamp\n";
RATINGS_EXPORT void append_csv_line(std::string& text, const Rating& rating);
RATINGS_EXPORT void append_ndjson_line(std::string& text, const Rating& rating);
/// Reads back what to_json wrote; Error{internal} for anything else.
[[nodiscard]] RATINGS_EXPORT std::vector<Rating> from_json(UserId user, std::string_view body);

/// The body of /user/profile/{uid}; nullopt for an empty history. `history` in older() order.
[[nodiscard]] RATINGS_EXPORT std::optional<std::string> profile_json(UserId user,
                                                                     std::span<const Rating> history);

}  // namespace ratings
