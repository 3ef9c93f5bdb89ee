#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>

namespace ratings {

/// Writes log lines to a descriptor that it does not own, and never waits for whoever reads it: what is not
/// taken at once is dropped, and counted in a line of its own before the next that is. Thread-safe.
class DroppingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DroppingSink(int descriptor) : descriptor_{descriptor} {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  /// Whether the reader took it.
  bool put(const spdlog::details::log_msg& message);

  const int descriptor_;
  std::uint64_t dropped_ = 0;
};

}  // namespace ratings
