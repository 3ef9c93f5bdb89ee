#include "csv/input_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ratings::csv {
namespace {

constexpr const char* kStandardInput = "-";
// How late a stop may be noticed while a pipe is silent.
constexpr int kPollMilliseconds = 100;

[[noreturn]] void fail(const std::string& path, int code) {
  throw Error{Kind::input, "reading " + path + ": " + std::strerror(code)};
}

InputFacts facts_of(const std::string& path, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) {
    throw Error{Kind::input, "reading " + path + ": it is a directory, name the file in it"};
  }
  const bool regular = S_ISREG(status.st_mode);
  InputFacts facts{.repeatable = regular && path != kStandardInput,
                   .size = std::nullopt,
                   .device = status.st_dev,
                   .inode = status.st_ino,
                   .modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  if (regular) facts.size = static_cast<std::uint64_t>(status.st_size);
  return facts;
}

}  // namespace

InputFacts inspect(const std::string& path) {
  struct stat status {};
  if (path == kStandardInput) {
    if (fstat(STDIN_FILENO, &status) != 0) fail(path, errno);
    return facts_of(path, status);
  }
  if (stat(path.c_str(), &status) != 0) fail(path, errno);
  const auto facts = facts_of(path, status);
  if (access(path.c_str(), R_OK) != 0) fail(path, errno);
  return facts;
}

InputFile::InputFile(std::string path, const std::atomic<bool>& stop)
    : path_{std::move(path)}, stop_{stop}, facts_{inspect(path_)} {
  if (path_ == kStandardInput) {
    descriptor_ = STDIN_FILENO;
    return;
  }
  // O_NONBLOCK: a named pipe that nobody has opened for writing yet is waited for in wait_for_bytes(), where
  // a stop is seen.
  descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) fail(path_, errno);
  // Only a hint: reading ahead is worth it, and a refusal changes nothing.
  (void)posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

InputFile::~InputFile() {
  if (descriptor_ > STDIN_FILENO) close(descriptor_);
}

void InputFile::wait_for_bytes() {
  pollfd waited{.fd = descriptor_, .events = POLLIN, .revents = 0};
  while (poll(&waited, 1, kPollMilliseconds) <= 0) {
    if (stop_) throw Error{Kind::interrupted, "reading " + path_ + ": interrupted"};
  }
}

std::size_t InputFile::read_descriptor(std::span<char> into) {
  if (!facts_.size) wait_for_bytes();
  while (true) {
    const auto got = ::read(descriptor_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) {
      wait_for_bytes();
      continue;
    }
    if (errno != EINTR) fail(path_, errno);
    if (stop_) throw Error{Kind::interrupted, "reading " + path_ + ": interrupted"};
  }
}

std::string_view InputFile::peek() {
  // A pipe may hand over a single byte at a time.
  while (!peeked_ && head_size_ < head_.size()) {
    const auto got = read_descriptor(std::span{head_}.subspan(head_size_));
    if (got == 0) break;
    head_size_ += got;
  }
  peeked_ = true;
  return {head_.data(), head_size_};
}

std::size_t InputFile::read(std::span<char> into) {
  std::size_t got = std::min(into.size(), head_size_ - head_given_);
  if (got > 0) {
    std::memcpy(into.data(), head_.data() + head_given_, got);
    head_given_ += got;
  } else {
    got = read_descriptor(into);
  }
  position_ += got;
  return got;
}

void InputFile::seek(std::uint64_t offset) {
  if (lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) fail(path_, errno);
  head_given_ = head_size_;
  position_ = offset;
}

}  // namespace ratings::csv
