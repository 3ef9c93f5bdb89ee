#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace ratings::http {

/// Bytes of answers that are being made or sent, over all clients: a reader that takes its answer slowly
/// holds it in memory, and clients choose how many slow readers there are. Thread-safe; must outlive its
/// holds.
class SendBudget {
 public:
  /// As much as the cache's default: 256 MB.
  static constexpr std::size_t kBytes = std::size_t{256} * 1024 * 1024;
  /// From here on an answer is large. One that many clients share counts once.
  static constexpr std::size_t kLarge = std::size_t{64} * 1024;
  /// Large answers leave an eighth of the budget to the others, so that slow readers of huge histories do not
  /// shut out everybody.
  static constexpr std::size_t kShareOfSmall = 8;

  using Owner = std::shared_ptr<const void>;

  explicit SendBudget(std::size_t bytes = kBytes) : bytes_{bytes} {}

  /// A part of the budget, given back when it is destroyed; keeps what it counts alive until then. Empty:
  /// refused, or nothing asked for. Movable.
  class Hold {
   public:
    Hold() = default;
    ~Hold() { release(); }
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return budget_ != nullptr; }

   private:
    friend class SendBudget;
    Hold(SendBudget& budget, std::size_t bytes, Owner shared) noexcept
        : budget_{&budget}, bytes_{bytes}, shared_{std::move(shared)} {}
    void release() noexcept;

    SendBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
    Owner shared_;
  };

  /// For `bytes` that belong to `shared`; null: bytes of this answer alone. Empty when there is no room; the
  /// answer is then 503.
  [[nodiscard]] Hold hold(std::size_t bytes, Owner shared = nullptr);
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  /// How often there was no room, so far.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  [[nodiscard]] bool reserve(std::size_t bytes, std::size_t limit) noexcept;
  void give_back(std::size_t bytes, const void* shared) noexcept;

  const std::size_t bytes_;
  std::atomic<std::size_t> held_{0};
  std::atomic<std::uint64_t> refused_{0};
  struct Shared {
    std::size_t holds = 0;
    std::size_t bytes = 0;  ///< of its first hold
  };
  std::mutex mutex_;  ///< for what follows; an ordinary answer needs no lock
  std::unordered_map<const void*, Shared> shared_;
};

}  // namespace ratings::http
