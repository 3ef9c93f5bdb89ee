#include "screen.hpp"

#include "output.hpp"
#include "values.hpp"

#include "ratings/error.hpp"

#include <sys/ioctl.h>

namespace ratings::cmd {
namespace {

constexpr std::size_t kUsual = 80;

/// A COLUMNS that is no number is ignored: it was not meant for us alone.
std::optional<std::size_t> wanted_columns(const Environment& environment) {
  const auto text = environment("COLUMNS");
  if (!text) return std::nullopt;
  try {
    return parse_limit(*text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string Screen::paint(Style style, const std::string& text) const {
  if (!colour || style == Style::plain || text.empty()) return text;
  // ECMA-48 SGR: bold, cyan, red; 0 ends it.
  const char* code = style == Style::title ? "1" : style == Style::bar ? "36" : "31";
  return std::string{"\x1b["} + code + "m" + text + "\x1b[0m";
}

Screen screen(bool terminal, std::size_t reported, const Environment& environment) {
  if (!terminal) return {};
  const bool dumb = environment("TERM").value_or("dumb") == "dumb";
  return {.columns = wanted_columns(environment).value_or(reported > 0 ? reported : kUsual),
          .colour = !dumb && !environment("NO_COLOR")};
}

Screen screen_of(std::FILE* stream) {
  winsize size{};
  const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0;
  return screen(is_terminal(stream), known ? size.ws_col : 0, process_environment());
}

}  // namespace ratings::cmd
