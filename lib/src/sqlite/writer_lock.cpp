#include "sqlite/writer_lock.hpp"

#include "ratings/clock.hpp"
#include "ratings/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace ratings::sqlite {
namespace {

// flock(2) cannot wait for a limited time; twenty questions a second cost nothing.
constexpr std::chrono::milliseconds kPause{50};

std::string own_pid() { return "(pid " + std::to_string(getpid()) + ")"; }

std::string describe(const std::string& command) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 16> clock{};
  std::strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
  return "ratingsctl " + command + " " + own_pid() + " since " + clock.data();
}

std::string name_in(int file) {
  std::array<char, 256> text{};
  const auto size = pread(file, text.data(), text.size(), 0);
  return size > 0 ? std::string{text.data(), static_cast<std::size_t>(size)} : "";
}

std::string holder_of(int file) {
  const auto name = name_in(file);
  return name.empty() ? "another ratingsctl" : name;
}

std::string lock_of(const std::filesystem::path& path) { return path.string() + ".lock"; }

/// The name is for people: failing to write it must not fail the command, which does hold the lock.
void sign(int file, const std::string& text) {
  if (ftruncate(file, 0) == 0 && pwrite(file, text.data(), text.size(), 0) < 0) return;
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& path, const std::string& command,
                       std::chrono::milliseconds patience, const std::atomic<bool>& cancelled)
    : file_{open(lock_of(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)} {  // less the umask
  const auto lock = lock_of(path);
  if (file_ < 0) {
    throw Error{Kind::store,
                "open " + lock + ": " + std::strerror(errno) + "; the directory must be writable"};
  }
  try {
    take(lock, patience, cancelled);
  } catch (...) {
    close(file_);
    throw;
  }
  sign(file_, describe(command));
}

void WriterLock::take(const std::filesystem::path& lock, std::chrono::milliseconds patience,
                      const std::atomic<bool>& cancelled) {
  const auto give_up = boot_clock().now() + patience;
  while (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw Error{Kind::store, "lock " + lock.string() + ": " + std::strerror(errno)};
    }
    if (cancelled.load()) throw Error{Kind::interrupted, "interrupted while waiting for " + holder_of(file_)};
    if (boot_clock().now() >= give_up) {
      throw Error{Kind::guard,
                  "the store is being changed by " + holder_of(file_) + "; try again when it is done"};
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::string WriterLock::holder(const std::filesystem::path& path) {
  const int file = open(lock_of(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  auto name = name_in(file);
  close(file);
  return name.find(own_pid()) == std::string::npos ? name : "";
}

void WriterLock::release() noexcept {
  if (file_ < 0) return;
  // Nobody holds it now: a name left behind would be read by the next who has to wait.
  sign(file_, "");
  close(file_);
  file_ = -1;
}

}  // namespace ratings::sqlite
