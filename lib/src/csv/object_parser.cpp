#include "csv/object_parser.hpp"

#include "csv/row_values.hpp"
#include "json/time.hpp"

#include <nlohmann/json.hpp>

#include <bitset>
#include <string>
#include <utility>

namespace ratings::csv {
namespace {

/// A key of the object, and what belongs behind it.
struct Member {
  const char* name;
  const char* wanted;
  Fault fault;  ///< of something else
};

/// By Column.
constexpr std::array<Member, kColumns> kMembers{{{"user_id", "a whole number", Fault::integer},
                                                 {"movie_id", "a whole number", Fault::integer},
                                                 {"rating", "a number", Fault::rating},
                                                 {"timestamp", "a time in quotes", Fault::time}}};

constexpr const char* kAsExported = ": lines are read as 'ratingsctl export -o ndjson' writes them";

/// Told of a line's tokens one after the other; each function says whether to go on. Numbers are taken as
/// they are written, because the float nearest to the nearest double may be another one.
class ObjectReader final : public nlohmann::json::json_sax_t {
 public:
  explicit ObjectReader(std::size_t line_size) : line_size_{line_size} {}

  [[nodiscard]] std::variant<Rating, Mistake> result() const {
    if (mistake_) return *mistake_;
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (!seen_[i])
        return Mistake{Fault::keys, std::string{"there is no "} + kMembers[i].name + kAsExported};
    }
    return row_;
  }

  bool null() override { return unwanted("null"); }
  bool boolean(bool value) override { return unwanted(value ? "true" : "false"); }
  /// Only of numbers with a minus sign; that of -0 would be lost.
  bool number_integer(std::int64_t value) override {
    return number(value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) override { return number(std::to_string(value)); }
  /// Also of whole numbers too large for the two above.
  bool number_float(double /*value*/, const std::string& text) override { return number(text); }
  bool string(std::string& text) override;
  bool binary(nlohmann::json::binary_t& /*value*/) override { return unwanted("binary"); }  // not in text
  bool start_object(std::size_t /*members*/) override {
    return !std::exchange(inside_, true) || unwanted("an object");
  }
  bool key(std::string& name) override;
  bool end_object() override { return true; }
  bool start_array(std::size_t /*members*/) override { return unwanted("an array"); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& error) override;

 private:
  bool number(std::string_view text);

  template <typename Value, typename Keep>
  bool take(Parsed<Value> parsed, Keep keep) {
    if (auto* mistake = std::get_if<Mistake>(&parsed)) return stop(mistake->fault, mistake->reason);
    keep(std::get<Value>(parsed));
    return true;
  }

  bool unwanted(const char* what) {
    return stop(member().fault, std::string{member().name} + " is " + what + ", not " + member().wanted);
  }
  bool stop(Fault fault, const std::string& reason) {
    mistake_ = Mistake{fault, reason};
    return false;
  }
  [[nodiscard]] const Member& member() const { return kMembers.at(static_cast<std::size_t>(column_)); }

  std::size_t line_size_;
  Rating row_;
  std::bitset<kColumns> seen_;
  Column column_ = Column::user;  ///< whose value comes next
  bool inside_ = false;
  std::optional<Mistake> mistake_;
};

bool ObjectReader::string(std::string& text) {
  if (column_ != Column::timestamp) return unwanted("a string");
  const auto time = json::read_time(text, ' ');
  if (!time) return stop(Fault::time, "timestamp " + shown(text) + " is not a time YYYY-MM-DD HH:MM:SS");
  if (*time < 0) return stop(Fault::range, "timestamp " + shown(text) + " is before 1970");
  row_.timestamp = *time;
  return true;
}

bool ObjectReader::key(std::string& name) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (name != kMembers[i].name) continue;
    if (seen_[i]) return stop(Fault::keys, name + " stands twice");
    seen_[i] = true;
    column_ = static_cast<Column>(i);
    return true;
  }
  return stop(Fault::keys, "there is a key " + shown(name));
}

bool ObjectReader::parse_error(std::size_t position, const std::string& token,
                               const nlohmann::json::exception& error) {
  constexpr int kTooLarge = 406;  // a number beyond the largest double
  if (error.id == kTooLarge) return number(token);
  if (position > line_size_)
    return stop(Fault::object, std::string{"the line ends inside of its JSON object"} + kAsExported);
  return stop(Fault::object, "the line is not one JSON object, see its byte " + std::to_string(position));
}

bool ObjectReader::number(std::string_view text) {
  const auto* const name = member().name;
  switch (column_) {
    case Column::user:
      return take(parse_integer(text, name, kMaxUser), [this](auto value) { row_.user = UserId{value}; });
    case Column::movie:
      return take(parse_integer(text, name, kMaxMovie),
                  [this](auto value) { row_.movie = MovieId{static_cast<std::int32_t>(value)}; });
    case Column::rating:
      return take(parse_rating(text), [this](auto value) { row_.score = value; });
    case Column::timestamp:
      break;
  }
  return unwanted("a number");
}

}  // namespace

bool begins_object(std::string_view line) noexcept {
  const auto first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '{';
}

std::variant<Rating, Mistake> parse_object(std::string_view line) {
  // What else may be at the beginning, a byte order mark among it, the library would pass over or take for a
  // value.
  if (!begins_object(line))
    return Mistake{Fault::object, "the line " + shown(line) + " is not a JSON object"};
  ObjectReader reader{line.size()};
  (void)nlohmann::json::sax_parse(line, &reader);  // false: the reader has the reason
  return reader.result();
}

}  // namespace ratings::csv
