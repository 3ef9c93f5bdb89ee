#pragma once

#include "ratings/loader.hpp"

#include <deque>
#include <string>

namespace ratings {

/// Turns "so many bytes and rows by now" into Progress: as a stage begins and ends, and at most every 100 ms
/// between. Not thread-safe.
class ProgressMeter {
 public:
  ProgressMeter(LoadObserver& observer, Clock& clock) : observer_{observer}, clock_{clock} {}

  /// `total`: bytes of input of the whole stage, if known.
  void begin(const std::string& stage, std::optional<std::uint64_t> total);
  void update(const std::string& file, std::uint64_t done, std::uint64_t rows);
  /// Sends where the stage ended, and says how long it took.
  StageTime end();

 private:
  struct Sample {
    Instant at{};
    std::uint64_t rows = 0;
  };
  void send(Instant now);
  [[nodiscard]] double rate(Instant now);

  LoadObserver& observer_;
  Clock& clock_;
  Progress progress_;
  Instant began_{};
  Instant sent_{};
  std::deque<Sample> samples_;
};

}  // namespace ratings
