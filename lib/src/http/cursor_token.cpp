#include "http/cursor_token.hpp"

#include "http/url.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace ratings::http {
namespace {

/// Changes when the fields do, so that a token of another release is refused instead of misread.
constexpr std::string_view kVersion = "1";

/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): offset basis and prime as published.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string text_of(float score) { return format_score(score); }
template <typename Integer>
std::string text_of(Integer value) {
  return std::to_string(value);
}

template <typename Value>
std::string text_of(const std::optional<Value>& value) {
  return value ? text_of(*value) : "-";
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Takes the fields of a token one after the other; remembers whether one of them was wrong.
class TokenFields {
 public:
  explicit TokenFields(std::string_view text) : text_{text} {}

  std::string_view next() {
    const auto end = text_.find(' ');
    const auto field = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    return field;
  }
  template <typename Number>
  Number value() {
    const auto parsed = number<Number>(next());
    if (!parsed) good_ = false;
    return parsed.value_or(Number{});
  }
  template <typename Number>
  std::optional<Number> optional_value() {
    const auto field = next();
    if (field == "-") return std::nullopt;
    const auto parsed = number<Number>(field);
    if (!parsed) good_ = false;
    return parsed;
  }
  bool all_good() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

std::string fields_of(const RatesOfUser& page) {
  const auto& filter = page.filter;
  const auto& after = filter.after.value();
  std::string text{kVersion};
  const auto add = [&text](const std::string& field) { text += ' ' + field; };
  add(text_of(page.user.value));
  add(text_of(static_cast<int>(page.format)));
  add(text_of(static_cast<int>(filter.order)));
  add(text_of(filter.from));
  add(text_of(filter.to));
  add(text_of(filter.min_score));
  add(text_of(filter.limit));
  add(text_of(after.timestamp));
  add(text_of(after.movie.value));
  add(text_of(after.score));
  add(text_of(after.seen));
  add(text_of(filter.movies.size()));
  for (const auto movie : filter.movies) add(text_of(movie.value));
  return text;
}

std::optional<RatesOfUser> page_of(std::string_view text) {
  TokenFields fields{text};
  if (fields.next() != kVersion) return std::nullopt;
  RatesOfUser page;
  page.user.value = fields.value<std::int64_t>();
  page.format = static_cast<Format>(fields.value<int>());
  page.filter.order = static_cast<Order>(fields.value<int>());
  page.filter.from = fields.optional_value<std::int64_t>();
  page.filter.to = fields.optional_value<std::int64_t>();
  page.filter.min_score = fields.optional_value<float>();
  page.filter.limit = fields.optional_value<std::uint64_t>();
  Cursor after;
  after.timestamp = fields.value<std::int64_t>();
  after.movie.value = fields.value<std::int32_t>();
  after.score = fields.value<float>();
  after.seen = fields.value<std::uint64_t>();
  page.filter.after = after;
  const auto movies = fields.value<std::size_t>();
  for (std::size_t i = 0; i < movies && i < kMaxListed; ++i) {
    page.filter.movies.push_back(MovieId{fields.value<std::int32_t>()});
  }
  if (!fields.all_good()) return std::nullopt;
  return page;
}

/// A checksum is no proof of who wrote a token, so what it says is checked like any parameter.
bool plausible(const RatesOfUser& page) {
  const auto format = static_cast<int>(page.format);
  const auto order = static_cast<int>(page.filter.order);
  return page.user.value >= 0 && format >= 0 && format <= 2 && order >= 0 && order <= 1 &&
         page.filter.limit.value_or(1) >= 1 && page.filter.after->seen >= 1 &&
         std::isfinite(page.filter.after->score) && std::isfinite(page.filter.min_score.value_or(0));
}

}  // namespace

std::string cursor_token(const RatesOfUser& page) {
  const std::string fields = fields_of(page);
  return base64url(fields + ' ' + text_of(checksum(fields)));
}

std::optional<RatesOfUser> read_cursor_token(std::string_view token) {
  const auto text = from_base64url(token);
  if (!text) return std::nullopt;
  const auto last = text->rfind(' ');
  if (last == std::string::npos) return std::nullopt;
  const auto fields = std::string_view{*text}.substr(0, last);
  if (number<std::uint64_t>(std::string_view{*text}.substr(last + 1)) != checksum(fields))
    return std::nullopt;
  auto page = page_of(fields);
  if (!page || !plausible(*page)) return std::nullopt;
  return page;
}

}  // namespace ratings::http
