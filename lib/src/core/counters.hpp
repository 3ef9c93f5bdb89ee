#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace ratings {

/// Numbers that only grow: added to by every thread at every request, read by few. Thread-safe.
///
/// Each thread adds in one of 16 places, so that two threads seldom write the same cache line: handing a line
/// from core to core costs more than all the rest of the counting. Sixteen are enough for the cores that a
/// server of this kind gets; more would make reading slower, not writing faster.
template <std::size_t Count>
class ShardedCounters {
 public:
  /// Returns what stood in this thread's place before.
  std::uint64_t add(std::size_t index, std::uint64_t by = 1) noexcept {
    return places_[place()].values[index].fetch_add(by, std::memory_order_relaxed);
  }

  /// A number added while this runs may be in it or not; it never goes back.
  [[nodiscard]] std::uint64_t sum(std::size_t index) const noexcept {
    std::uint64_t sum = 0;
    for (const auto& place : places_) sum += place.values[index].load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t kPlaces = 16;
  static constexpr std::size_t kCacheLine = 64;
  struct alignas(kCacheLine) Place {
    std::array<std::atomic<std::uint64_t>, Count> values{};
  };

  static std::size_t place() noexcept {
    thread_local const std::size_t kMine = std::hash<std::thread::id>{}(std::this_thread::get_id()) % kPlaces;
    return kMine;
  }

  std::array<Place, kPlaces> places_{};
};

}  // namespace ratings
