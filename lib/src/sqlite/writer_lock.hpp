#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>

namespace ratings::sqlite {

/// One changing command at a time: an flock(2) on PATH.lock, whose content names the holder. The kernel drops
/// it when the process dies, however it dies; the file itself stays, because removing it would let two
/// commands in.
class WriterLock {
 public:
  /// Waits up to `patience`, then Error{guard} naming the holder; Error{interrupted} once `cancelled` is set;
  /// Error{store} when PATH.lock cannot be written.
  WriterLock(const std::filesystem::path& path, const std::string& command,
             std::chrono::milliseconds patience, const std::atomic<bool>& cancelled);
  ~WriterLock() { release(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  void release() noexcept;

  /// "ratingsctl load (pid 12) since 10:00:00", for messages; empty when no other command holds it. After a
  /// kill the name may be of one who is gone.
  [[nodiscard]] static std::string holder(const std::filesystem::path& path);

 private:
  void take(const std::filesystem::path& lock, std::chrono::milliseconds patience,
            const std::atomic<bool>& cancelled);

  int file_;
};

}  // namespace ratings::sqlite
