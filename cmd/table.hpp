#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ratings::cmd {

/// Columns for people: as wide as their widest cell, two blanks between them.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;  ///< no title line when all are empty
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Ends with a line feed.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Code points, which is columns for what we print.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace ratings::cmd
