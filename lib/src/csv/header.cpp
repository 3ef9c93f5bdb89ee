#include "csv/header.hpp"

#include "csv/object_parser.hpp"

#include "ratings/error.hpp"

#include <algorithm>

namespace ratings::csv {
namespace {

constexpr std::size_t kMissing = static_cast<std::size_t>(-1);

std::string normalised(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c == '_') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

std::string missing_names(const Layout& layout) {
  std::string names;
  for (std::size_t column = 0; column < kColumns; ++column) {
    if (layout.at[column] == kMissing)
      names += (names.empty() ? "" : ", ") + std::string{kColumnNames[column]};
  }
  return names;
}

Layout find_columns(std::string_view line, char delimiter, const std::string& where) {
  Layout layout{.delimiter = delimiter, .fields = 0, .at = {kMissing, kMissing, kMissing, kMissing}};
  FieldCursor fields{line, delimiter};
  while (const auto field = fields.next()) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (normalised(*field) != normalised(kColumnNames[column])) continue;
      if (layout.at[column] != kMissing) {
        throw Error{Kind::input, where + "two columns are named " + kColumnNames[column]};
      }
      layout.at[column] = layout.fields;
    }
    ++layout.fields;
  }
  if (fields.mistake()) throw Error{Kind::input, where + fields.mistake()->reason};
  return layout;
}

/// `[{`, or what a pretty-printer makes of it. A header may begin with a bracket, but not so.
bool begins_array(std::string_view line) {
  const auto bracket = line.find_first_not_of(" \t");
  if (bracket == std::string_view::npos || line[bracket] != '[') return false;
  const auto next = line.find_first_not_of(" \t", bracket + 1);
  return next == std::string_view::npos || line[next] == '{' || line[next] == ']';
}

}  // namespace

FirstLine read_first_line(std::string_view line, char delimiter, const std::string& where) {
  if (begins_object(line))
    return {.layout = {.delimiter = delimiter, .syntax = Syntax::ndjson}, .is_row = true};
  if (line.find('\0') != std::string_view::npos) {
    throw Error{Kind::input, where + "the line holds a NUL byte; if the file is UTF-16, save it as UTF-8"};
  }
  if (begins_array(line)) {
    throw Error{Kind::input, where +
                                 "the file is one JSON array; CSV is read, and NDJSON as 'ratingsctl "
                                 "export -o ndjson' writes it"};
  }
  const auto layout = find_columns(line, delimiter, where);
  const auto missing = missing_names(layout);
  if (missing.empty()) return {.layout = layout, .is_row = false};
  if (std::count(layout.at.begin(), layout.at.end(), kMissing) < static_cast<std::ptrdiff_t>(kColumns)) {
    throw Error{Kind::input, where + "the header " + shown(line) + " has no column " + missing};
  }
  const Layout plain{.delimiter = delimiter};
  const auto row = parse_line(line, plain);
  if (const auto* mistake = std::get_if<Mistake>(&row)) {
    throw Error{Kind::input, where + shown(line) +
                                 " is neither a header with userId, movieId, rating, timestamp nor a row: " +
                                 mistake->reason + "; is the delimiter '" + delimiter + "' right?"};
  }
  return {.layout = plain, .is_row = true};
}

}  // namespace ratings::csv
