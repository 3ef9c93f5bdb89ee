#pragma once

#include "screen.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ratings::cmd {

/// Columns for people: as wide as their widest cell, two blanks between them. On a screen that is narrower,
/// columns that allow it are shortened or wrapped. Where that is not enough and every column has a title,
/// rows are shown one below the other with nothing cut off, as by psql's expanded display.
class Table {
 public:
  enum class Align { left, right };
  enum class Fit {
    keep,
    shorten,  ///< the end is replaced by "…"
    wrap,     ///< goes on in the next line: nothing may be lost
  };
  struct Column {
    std::string title;  ///< no title line when all are empty
    Align align = Align::left;
    Fit fit = Fit::keep;
    Style style = Style::plain;
  };

  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  /// `style` wins over that of the columns.
  void row(std::vector<std::string> cells, Style style = Style::plain) {
    rows_.push_back({std::move(cells), style});
  }
  /// Columns that are taken by everything but the last column.
  [[nodiscard]] std::size_t width_before_last() const;
  /// Ends with a line feed.
  [[nodiscard]] std::string text(const Screen& screen) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Style style = Style::plain;
  };

  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] std::vector<std::size_t> fitted(std::vector<std::size_t> widths, std::size_t columns) const;
  [[nodiscard]] std::string lines(const Row& row, const std::vector<std::size_t>& widths,
                                  const Screen& screen) const;
  [[nodiscard]] std::string records(const Screen& screen) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

/// What stdout's reader sees of it.
[[nodiscard]] std::string for_stdout(const Table& table);

}  // namespace ratings::cmd
