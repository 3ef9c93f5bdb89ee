#include "suspects/behaviour.hpp"

#include "suspects/mix.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace ratings::suspects {
namespace {

constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kMinute = 60;

/// Calls `take(value, times)` for each distinct value; sorts.
template <typename Value, typename Take>
void each_distinct(std::vector<Value>& values, const Take& take) {
  std::sort(values.begin(), values.end());
  for (auto run = values.begin(); run != values.end();) {
    const auto end = std::upper_bound(run, values.end(), *run);
    take(*run, static_cast<std::size_t>(end - run));
    run = end;
  }
}

void see_scores(std::span<const Rating> history, Behaviour& behaviour) {
  std::vector<float> scores;
  scores.reserve(history.size());
  for (const auto& rating : history) scores.push_back(rating.score);
  const auto all = static_cast<double>(history.size());
  double entropy = 0;
  std::size_t most = 0;
  each_distinct(scores, [&](float score, std::size_t times) {
    const auto share = static_cast<double>(times) / all;
    entropy -= share * std::log2(share);
    if (times <= most) return;
    most = times;
    behaviour.favourite = score;
  });
  behaviour.entropy = static_cast<float>(entropy);
  behaviour.favoured = static_cast<float>(static_cast<double>(most) / all);
}

/// Many pauses of no length are how people rate: a page of films is sent off at once. So that length is never
/// the rhythm, but it counts as a pause that is not in it.
void see_pauses(std::span<const Rating> history, Behaviour& behaviour) {
  constexpr std::size_t kFewest = 20;  // of a few pauses most are easily alike
  if (history.size() <= kFewest) return;
  std::vector<std::int64_t> pauses;
  for (std::size_t i = 1; i < history.size(); ++i) {
    if (const auto pause = history[i].timestamp - history[i - 1].timestamp; pause > 0)
      pauses.push_back(pause);
  }
  std::size_t most = 0;
  each_distinct(pauses, [&](std::int64_t pause, std::size_t times) {
    if (times <= most) return;
    most = times;
    behaviour.steady_pause = static_cast<float>(pause);
  });
  behaviour.steadiness =
      static_cast<float>(static_cast<double>(most) / static_cast<double>(history.size() - 1));
}

void see_bursts(std::span<const Rating> history, Behaviour& behaviour) {
  std::size_t busiest = 0;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < history.size(); ++end) {
    while (history[end].timestamp - history[begin].timestamp >= kMinute) ++begin;
    busiest = std::max(busiest, end - begin + 1);
  }
  behaviour.busiest = static_cast<float>(busiest);
}

/// Keeps the smallest distinct values, ascending.
void keep(std::array<std::uint32_t, kSketch>& smallest, std::uint32_t value) {
  if (value >= smallest.back()) return;
  const auto place = std::lower_bound(smallest.begin(), smallest.end(), value);
  if (*place == value) return;
  std::move_backward(place, smallest.end() - 1, smallest.end());
  *place = value;
}

/// A sum does not depend on the order. A record that was loaded twice counts once: it hides no clone, and its
/// double is beside it.
void see_content(std::span<const Rating> history, Behaviour& behaviour) {
  behaviour.sketch.fill(kNothing);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto& rating = history[i];
    if (i > 0 && !older(history[i - 1], rating)) continue;
    behaviour.content += mixed(
        joined(static_cast<std::uint32_t>(rating.movie.value), std::bit_cast<std::uint32_t>(rating.score)));
    keep(behaviour.sketch, film_and_hour(rating));
  }
}

}  // namespace

std::uint32_t film_and_hour(const Rating& rating) noexcept {
  const auto both = mixed(joined(static_cast<std::uint32_t>(rating.movie.value),
                                 static_cast<std::uint32_t>(rating.timestamp / kHour)));
  return static_cast<std::uint32_t>(both >> 32U);
}

Behaviour behaviour_of(std::span<const Rating> history) {
  Behaviour behaviour;
  behaviour.user = history.front().user;
  behaviour.first = history.front().timestamp;
  behaviour.last = history.back().timestamp;
  behaviour.ratings = static_cast<std::uint32_t>(
      std::min<std::size_t>(history.size(), std::numeric_limits<std::uint32_t>::max()));
  see_scores(history, behaviour);
  see_pauses(history, behaviour);
  see_bursts(history, behaviour);
  see_content(history, behaviour);
  return behaviour;
}

}  // namespace ratings::suspects
