#include "load/output_file.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace ratings {
namespace {

constexpr std::size_t kBufferSize = 64UL * 1024;
// Ratings are personal data: nobody outside the group reads them.
constexpr mode_t kMode = 0640;

}  // namespace

OutputFile::OutputFile(std::string path)
    : path_{std::move(path)},
      part_{part_of(path_)},
      descriptor_{open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode)} {
  if (descriptor_ < 0) fail();
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_{std::move(other.path_)},
      part_{std::move(other.part_)},
      descriptor_{std::exchange(other.descriptor_, -1)},
      buffer_{std::move(other.buffer_)},
      last_{other.last_} {}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(part_.c_str());
}

void OutputFile::fail() const {
  throw Error{Kind::input, "writing rejects to " + path_ + ": " + std::strerror(errno)};
}

void OutputFile::write(std::string_view bytes) {
  if (bytes.empty()) return;
  last_ = bytes.back();
  buffer_ += bytes;
  if (buffer_.size() >= kBufferSize) flush();
}

void OutputFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void OutputFile::sync() {
  flush();
  if (fsync(descriptor_) != 0) fail();
}

std::string OutputFile::keep() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  return part_;
}

void OutputFile::publish() {
  if (rename(part_.c_str(), path_.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    throw Error{Kind::input, "writing rejects to " + path_ + ": " + why + "; they are in " + keep()};
  }
  if (close(std::exchange(descriptor_, -1)) != 0) fail();
  auto folder = std::filesystem::path{path_}.parent_path();
  if (folder.empty()) folder = ".";
  // The new name is in the folder, so the folder must reach the disk too.
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) fail();
  const int result = fsync(opened);
  const int code = errno;
  close(opened);
  errno = code;
  // Some file systems cannot sync a folder (EINVAL, fsync(2)); they have no stronger promise to give.
  if (result != 0 && errno != EINVAL) fail();
}

}  // namespace ratings
