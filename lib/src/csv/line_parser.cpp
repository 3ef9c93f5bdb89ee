#include "csv/line_parser.hpp"

#include "csv/object_parser.hpp"
#include "csv/row_values.hpp"

#include <cstdint>

namespace ratings::csv {
namespace {

constexpr char kQuote = '"';

const char* name_of(Column column) { return kColumnNames[static_cast<std::size_t>(column)]; }

struct Wanted {
  std::array<std::string_view, kColumns> text;
  std::size_t count = 0;
};

Parsed<Wanted> split(std::string_view line, const Layout& layout) {
  Wanted wanted;
  FieldCursor fields{line, layout.delimiter};
  while (const auto field = fields.next()) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (layout.at[column] == wanted.count) wanted.text[column] = *field;
    }
    ++wanted.count;
  }
  if (fields.mistake()) return *fields.mistake();
  if (wanted.count != layout.fields) {
    return Mistake{Fault::columns, std::to_string(wanted.count) + (wanted.count == 1 ? " field" : " fields") +
                                       ", expected " + std::to_string(layout.fields)};
  }
  return wanted;
}

std::optional<Mistake> check_whole(std::string_view line) {
  if (line.empty()) return Mistake{Fault::blank, "the line is blank"};
  if (line.find('\0') != std::string_view::npos) return Mistake{Fault::nul, "the line holds a NUL byte"};
  if (line == "\\.") return Mistake{Fault::end_marker, "the end marker \\. is not a row"};
  return std::nullopt;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 40;  // what a terminal line can spare beside the file's name
  constexpr const char* kHex = "0123456789abcdef";
  std::string result = "'";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      result += c;
    } else {
      result += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return result + (text.size() > kShown ? "…'" : "'");
}

std::optional<std::string_view> FieldCursor::next_quoted() {
  std::size_t from = 1;
  while (true) {
    const auto quote = rest_.find(kQuote, from);
    if (quote == std::string_view::npos) {
      mistake_ = Mistake{Fault::quote, "a quote is not closed on its line"};
      return std::nullopt;
    }
    if (quote + 1 < rest_.size() && rest_[quote + 1] == kQuote) {
      from = quote + 2;
      continue;
    }
    const auto field = rest_.substr(1, quote - 1);
    rest_.remove_prefix(quote + 1);
    if (rest_.empty()) {
      done_ = true;
    } else if (rest_.front() == delimiter_) {
      rest_.remove_prefix(1);
    } else {
      mistake_ = Mistake{Fault::quote, "a closing quote is followed by " + shown(rest_.substr(0, 1))};
      return std::nullopt;
    }
    return field;
  }
}

std::optional<std::string_view> FieldCursor::next() {
  if (done_ || mistake_) return std::nullopt;
  if (!rest_.empty() && rest_.front() == kQuote) return next_quoted();
  const auto end = rest_.find(delimiter_);
  const auto field = rest_.substr(0, end);
  if (field.find(kQuote) != std::string_view::npos) {
    mistake_ = Mistake{Fault::quote, "a quote stands inside the field " + shown(field)};
    return std::nullopt;
  }
  done_ = end == std::string_view::npos;
  if (!done_) rest_.remove_prefix(end + 1);
  return field;
}

std::variant<Rating, Mistake> parse_line(std::string_view line, const Layout& layout) {
  if (auto mistake = check_whole(line)) return *std::move(mistake);
  if (layout.syntax == Syntax::ndjson) return parse_object(line);
  auto fields = split(line, layout);
  if (auto* mistake = std::get_if<Mistake>(&fields)) return std::move(*mistake);
  const auto& text = std::get<Wanted>(fields).text;
  auto user = parse_integer(text[0], name_of(Column::user), kMaxUser);
  if (auto* mistake = std::get_if<Mistake>(&user)) return std::move(*mistake);
  auto movie = parse_integer(text[1], name_of(Column::movie), kMaxMovie);
  if (auto* mistake = std::get_if<Mistake>(&movie)) return std::move(*mistake);
  auto score = parse_rating(text[2]);
  if (auto* mistake = std::get_if<Mistake>(&score)) return std::move(*mistake);
  auto timestamp = parse_integer(text[3], name_of(Column::timestamp), kMaxTimestamp);
  if (auto* mistake = std::get_if<Mistake>(&timestamp)) return std::move(*mistake);
  return Rating{.user = UserId{std::get<std::int64_t>(user)},
                .movie = MovieId{static_cast<std::int32_t>(std::get<std::int64_t>(movie))},
                .score = std::get<float>(score),
                .timestamp = std::get<std::int64_t>(timestamp)};
}

}  // namespace ratings::csv
