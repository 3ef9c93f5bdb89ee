#include "csv_reference.hpp"

#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

namespace ratings::test {
namespace {

/// Carries a code, as an exception: plain, and slow.
struct Bad {
  std::string code;
};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool closed = false;
  bool begun = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += '"';
        ++i;
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == ',') {
      fields.emplace_back();
      closed = begun = false;
    } else if (closed) {
      throw Bad{"E_QUOTE"};
    } else if (c == '"') {
      if (begun) throw Bad{"E_QUOTE"};
      quoted = begun = true;
    } else {
      fields.back() += c;
      begun = true;
    }
  }
  if (quoted) throw Bad{"E_QUOTE"};
  return fields;
}

std::int64_t integer(std::string text, const std::string& max) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) throw Bad{"E_INT"};
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  if (text.size() > max.size() || (text.size() == max.size() && text > max)) throw Bad{"E_RANGE"};
  return std::stoll(text);
}

std::size_t take_digits(const std::string& text, std::size_t& at) {
  const auto from = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at - from;
}

// Not std::regex: g++ 12 with the address sanitizer warns inside it.
bool is_decimal(const std::string& text) {
  std::size_t at = 0;
  auto digits = take_digits(text, at);
  if (at < text.size() && text[at] == '.') digits += take_digits(text, ++at);
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (take_digits(text, at) == 0) return false;
  }
  return at == text.size();
}

float rating(const std::string& text) {
  if (!is_decimal(text)) throw Bad{"E_RATING"};
  const float value = std::strtof(text.c_str(), nullptr);
  const auto mantissa = text.substr(0, text.find_first_of("eE"));
  const bool vanished = value == 0 && mantissa.find_first_of("123456789") != std::string::npos;
  if (vanished || value > 10) throw Bad{"E_RANGE"};
  return value;
}

std::string plain_name(const std::string& name) {
  std::string result;
  for (const char c : name) {
    if (c != '_') result += static_cast<char>(std::tolower(c));
  }
  return result;
}

Rating row_of(const std::string& line, const std::map<std::string, std::size_t>& columns, std::size_t count) {
  if (line.size() > 65536) throw Bad{"E_LONG"};
  if (line.empty()) throw Bad{"E_BLANK"};
  if (line.find('\0') != std::string::npos) throw Bad{"E_NUL"};
  if (line == "\\.") throw Bad{"E_MARKER"};
  const auto fields = fields_of(line);
  if (fields.size() != count) throw Bad{"E_COLS"};
  Rating row;
  row.user.value = integer(fields[columns.at("userid")], "9223372036854775807");
  row.movie.value = static_cast<std::int32_t>(integer(fields[columns.at("movieid")], "2147483647"));
  row.score = rating(fields[columns.at("rating")]);
  row.timestamp = integer(fields[columns.at("timestamp")], "253402300799");
  return row;
}

}  // namespace

Outcome read_csv_slowly(const std::string& text) {
  Outcome outcome;
  std::map<std::string, std::size_t> columns;
  std::uint64_t number = 0;
  std::size_t count = 0;
  for (std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const auto all = text.substr(at, end - at);
    auto line = all;
    if (line.ends_with('\n')) line.pop_back();
    if (line.size() < all.size() && line.ends_with('\r')) line.pop_back();
    if (++number == 1) {
      const auto names = fields_of(line);
      count = names.size();
      for (std::size_t i = 0; i < count; ++i) columns[plain_name(names[i])] = i;
    } else {
      ++outcome.lines;
      try {
        outcome.rows.push_back(row_of(line, columns, count));
      } catch (const Bad& bad) {
        outcome.bad.push_back({number, at, bad.code, all});
      }
    }
    at = end;
  }
  return outcome;
}

}  // namespace ratings::test
