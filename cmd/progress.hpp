#pragma once

#include "ratings/clock.hpp"
#include "ratings/loader.hpp"

#include <memory>
#include <string>

namespace ratings::cmd {

/// How a load tells about itself on stderr.
enum class ProgressStyle {
  redrawn,  ///< one line, for a terminal
  plain,    ///< a line every two seconds
  json,     ///< a JSON object a line
  off,      ///< bad rows only
};

/// `name`: auto, plain, json or off; auto is a redrawn line on a terminal and nothing elsewhere.
[[nodiscard]] ProgressStyle progress_style(const std::string& name, bool terminal, bool dumb);

/// "read ratings.csv: 42 %, 11000000 rows, 1600000 rows/s, 9 s left".
[[nodiscard]] std::string progress_text(const Progress& progress);
[[nodiscard]] std::string progress_json(const Progress& progress);

[[nodiscard]] std::unique_ptr<LoadObserver> make_progress(ProgressStyle style, Clock& clock);

}  // namespace ratings::cmd
