#include "json/history_json.hpp"

#include "json/number.hpp"
#include "json/time.hpp"

#include "ratings/error.hpp"
#include "ratings/history_view.hpp"

#include <charconv>
#include <cmath>

namespace ratings::json {
namespace {

constexpr std::string_view kMovie = R"({"movie_id":)";
constexpr std::string_view kScore = R"(,"rating":)";
constexpr std::string_view kTime = R"(,"timestamp":")";
constexpr std::string_view kEnd = R"("})";

/// Reads the text of to_json and nothing else: no blanks, no other order, each number as it would be written.
class Reader {
 public:
  Reader(UserId user, std::string_view text) : user_{user}, text_{text} {}

  std::vector<Rating> read() {
    std::vector<Rating> ratings;
    ratings.reserve(text_.size() / 60);  // a usual record has 60 to 70 bytes
    expect("[");
    while (!text_.starts_with(']')) {
      if (!ratings.empty()) expect(",");
      ratings.push_back(record());
    }
    expect("]");
    if (!text_.empty()) fail();
    return ratings;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error{Kind::internal, "cannot read the history of user " + std::to_string(user_.value) + ": " +
                                    std::to_string(text_.size()) +
                                    " bytes before its end it is not what to_json writes"};
  }

  void expect(std::string_view token) {
    if (!text_.starts_with(token)) fail();
    text_.remove_prefix(token.size());
  }

  /// A number that is written as `format` would write it, so that there is one text for one history.
  template <typename Number>
  Number number() {
    Number value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{}) fail();
    const auto length = static_cast<std::size_t>(end - text_.data());
    char written[32];
    const auto written_end = std::to_chars(written, written + sizeof written, value).ptr;
    if (text_.substr(0, length) != std::string_view{written, written_end}) fail();
    text_.remove_prefix(length);
    return value;
  }

  Rating record() {
    Rating rating;
    rating.user = user_;
    expect(kMovie);
    rating.movie.value = number<std::int32_t>();
    expect(kScore);
    rating.score = number<float>();
    expect(kTime);
    const auto time = read_time(text_.substr(0, kTimeLength), ' ');
    const bool good_score = rating.score >= 0 && rating.score <= kMaxScore && !std::signbit(rating.score);
    if (rating.movie.value < 0 || !good_score || !time || *time < 0) fail();
    rating.timestamp = *time;
    text_.remove_prefix(kTimeLength);
    expect(kEnd);
    return rating;
  }

  UserId user_;
  std::string_view text_;  ///< what is still to be read
};

}  // namespace

void append_record(std::string& text, const Rating& rating) {
  text += kMovie;
  append_integer(text, std::int64_t{rating.movie.value});
  text += kScore;
  append_score(text, rating.score);
  text += kTime;
  append_time(text, rating.timestamp);
  text += kEnd;
}

}  // namespace ratings::json

namespace ratings {

std::string to_json(std::span<const Rating> ratings) {
  std::string text;
  text.reserve(2 + ratings.size() * json::kRecordLength);
  text += '[';
  for (const auto& rating : ratings) {
    if (text.size() > 1) text += ',';
    json::append_record(text, rating);
  }
  text += ']';
  return text;
}

std::vector<Rating> from_json(UserId user, std::string_view body) { return json::Reader{user, body}.read(); }

}  // namespace ratings
