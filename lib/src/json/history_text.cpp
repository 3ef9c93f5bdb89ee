#include "json/history_json.hpp"
#include "json/number.hpp"

#include "ratings/history_view.hpp"

namespace ratings {

std::string to_ndjson(std::span<const Rating> ratings) {
  std::string text;
  text.reserve(ratings.size() * json::kRecordLength);
  for (const auto& rating : ratings) {
    json::append_record(text, rating);
    text += '\n';
  }
  return text;
}

void append_ndjson_line(std::string& text, const Rating& rating) {
  text += R"({"user_id":)";
  json::append_integer(text, rating.user.value);
  const auto record = text.size();
  json::append_record(text, rating);
  text[record] = ',';  // the record's own brace
  text += '\n';
}

void append_csv_line(std::string& text, const Rating& rating) {
  json::append_integer(text, rating.user.value);
  text += ',';
  json::append_integer(text, std::int64_t{rating.movie.value});
  text += ',';
  json::append_score(text, rating.score);
  text += ',';
  json::append_integer(text, rating.timestamp);
  text += '\n';
}

std::string to_csv(std::span<const Rating> ratings) {
  constexpr std::size_t kUsualLine =
      40;  // six digits of a user, ten of a movie, three of a score, ten of a time
  std::string text{kCsvHeader};
  text.reserve(text.size() + ratings.size() * kUsualLine);
  for (const auto& rating : ratings) append_csv_line(text, rating);
  return text;
}

}  // namespace ratings
