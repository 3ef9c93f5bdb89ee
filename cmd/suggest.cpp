#include "suggest.hpp"

#include <algorithm>

namespace ratings::cmd {
namespace {

/// LOAD is meant for load.
std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Three rows of the table are enough: a swap looks back two letters.
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t exchanged = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, exchanged});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
  const auto wanted = lower(typed);
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const auto& name : known) {
    if (const auto distance = edit_distance(wanted, lower(name)); distance < least) {
      least = distance;
      best = name;
    }
  }
  const auto begins = [&wanted](const std::string& name) { return lower(name).starts_with(wanted); };
  const auto longer = std::find_if(known.begin(), known.end(), begins);
  if (!best && !typed.empty() && longer != known.end()) return *longer;
  return best;
}

std::string did_you_mean(const std::optional<std::string>& name) {
  return name ? "; did you mean '" + *name + "'?" : std::string{};
}

}  // namespace ratings::cmd
