#pragma once

#include "environment.hpp"

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

namespace ratings::cmd {

enum class Style { plain, title, bar, bad };

/// What the reader of a stream can see. A pipe or a file has no width and no colours: nothing may be cut off
/// there.
struct Screen {
  std::optional<std::size_t> columns;
  bool colour = false;

  /// `text` as `style` shows it; as it is without colours.
  [[nodiscard]] std::string paint(Style style, const std::string& text) const;
};

/// COLUMNS wins over what the terminal says (`reported`, 0: nothing); 80 when neither knows. Colours unless
/// NO_COLOR is set (no-color.org) or TERM is dumb.
[[nodiscard]] Screen screen(bool terminal, std::size_t reported, const Environment& environment);
/// Asked each time: a window may change.
[[nodiscard]] Screen screen_of(std::FILE* stream);

}  // namespace ratings::cmd
