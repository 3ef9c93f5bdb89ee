#include "table.hpp"

#include "letters.hpp"

#include <algorithm>
#include <numeric>

namespace ratings::cmd {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 12;  // less is no text any more; then the terminal may wrap

std::size_t total(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), (widths.size() - 1) * kGap);
}

std::vector<std::string> in_width(const std::string& cell, Table::Fit fit, std::size_t width) {
  if (fit == Table::Fit::shorten) return {shortened(cell, width)};
  if (fit == Table::Fit::wrap) return wrapped(cell, width);
  return {cell};
}

std::string without_end_blanks(std::string line) {
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row.cells[i]));
  }
  return widths;
}

std::size_t Table::width_before_last() const {
  auto before = widths();
  before.back() = 0;
  return total(before);
}

/// Takes from the widest of the columns that give, one column of the screen at a time.
std::vector<std::size_t> Table::fitted(std::vector<std::size_t> widths, std::size_t columns) const {
  while (total(widths) > columns) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool gives = columns_[i].fit != Fit::keep && widths[i] > kNarrowest;
      if (gives && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  return widths;
}

std::string Table::lines(const Row& row, const std::vector<std::size_t>& widths, const Screen& screen) const {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    cells.push_back(in_width(row.cells[i], columns_[i].fit, widths[i]));
    height = std::max(height, cells.back().size());
  }
  std::string out;
  for (std::size_t n = 0; n < height; ++n) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto text = n < cells[i].size() ? cells[i][n] : std::string{};
      const auto taken = display_width(text);
      const std::string padding(taken < widths[i] ? widths[i] - taken : 0, ' ');
      const auto shown = screen.paint(row.style != Style::plain ? row.style : columns_[i].style, text);
      line += (i > 0 ? std::string(kGap, ' ') : std::string{}) +
              (columns_[i].align == Align::right ? padding + shown : shown + padding);
    }
    out += without_end_blanks(std::move(line)) + "\n";
  }
  return out;
}

/// Each row under the one before, its cells beside their titles: what psql calls expanded.
std::string Table::records(const Screen& screen) const {
  std::string out;
  for (const auto& row : rows_) {
    Table record{{{"", Align::left, Fit::keep, Style::title}, {"", Align::left, Fit::wrap}}};
    for (std::size_t i = 0; i < columns_.size(); ++i)
      record.row({columns_[i].title, row.cells[i]}, row.style);
    out += (out.empty() ? "" : "\n") + record.text(screen);
  }
  return out;
}

std::string Table::text(const Screen& screen) const {
  const auto width = screen.columns ? fitted(widths(), *screen.columns) : widths();
  const auto named = [](const Column& column) { return !column.title.empty(); };
  const bool too_wide = screen.columns && total(width) > *screen.columns;
  if (too_wide && !rows_.empty() && std::all_of(columns_.begin(), columns_.end(), named))
    return records(screen);
  Row titles{.cells = {}, .style = Style::title};
  for (const auto& column : columns_) titles.cells.push_back(column.title);
  const bool titled = std::any_of(columns_.begin(), columns_.end(), named);
  std::string out = titled ? lines(titles, width, screen) : std::string{};
  for (const auto& row : rows_) out += lines(row, width, screen);
  return out;
}

std::string for_stdout(const Table& table) { return table.text(screen_of(stdout)); }

}  // namespace ratings::cmd
