#include "load/progress_meter.hpp"

#include <cmath>
namespace ratings {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBetweenReports = 100ms;
constexpr Instant kRateWindow = 1s;

double seconds(Instant span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

void ProgressMeter::begin(const std::string& stage, std::optional<std::uint64_t> total) {
  progress_ = {
      .stage = stage, .file = {}, .done = 0, .total = total, .rows = 0, .rows_per_second = 0, .eta = {}};
  began_ = clock_.now();
  sent_ = began_;
  samples_.assign(1, {.at = began_, .rows = 0});
  // Some stages have nothing to tell until they end.
  send(began_);
}

void ProgressMeter::update(const std::string& file, std::uint64_t done, std::uint64_t rows) {
  progress_.file = file;
  progress_.done = done;
  progress_.rows = rows;
  const auto now = clock_.now();
  if (now - sent_ >= kBetweenReports) send(now);
}

StageTime ProgressMeter::end() {
  const auto now = clock_.now();
  send(now);
  return {.name = progress_.stage,
          .took = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_)};
}

void ProgressMeter::send(Instant now) {
  sent_ = now;
  progress_.rows_per_second = rate(now);
  progress_.eta.reset();
  if (progress_.total && progress_.done > 0 && progress_.done <= *progress_.total) {
    const auto left = static_cast<double>(*progress_.total - progress_.done);
    const auto whole = left * seconds(now - began_) / static_cast<double>(progress_.done);
    progress_.eta = std::chrono::seconds{std::llround(whole)};
  }
  observer_.progress(progress_);
}

double ProgressMeter::rate(Instant now) {
  while (samples_.size() > 1 && now - samples_[1].at >= kRateWindow) samples_.pop_front();
  const auto& from = samples_.front();
  const auto span = seconds(now - from.at);
  const auto rows = static_cast<double>(progress_.rows - from.rows);
  samples_.push_back({.at = now, .rows = progress_.rows});
  return span > 0 ? rows / span : 0;
}

}  // namespace ratings
