#include "store/spool.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace ratings {
namespace {

// 96 KiB a write: large enough that the system call costs nothing, small enough to forget.
constexpr std::size_t kBuffered = 4096;

std::filesystem::path folder_for_large_files() {
  if (const char* const wanted = std::getenv("TMPDIR"); wanted != nullptr && *wanted != '\0') return wanted;
  return "/var/tmp";  // Filesystem Hierarchy Standard 5.15: there wherever there is a /var
}

}  // namespace

Spool::~Spool() {
  if (file_ >= 0) close(file_);
}

void Spool::fail(const char* what) const {
  const int reason = errno;
  throw Error{Kind::store, purpose_ + ": " + what + " in " + folder_for_large_files().string() + ": " +
                               std::strerror(reason) + "; set TMPDIR to a directory with room"};
}

void Spool::open() {
  auto name = (folder_for_large_files() / "ratingsctl-XXXXXX").string();
  file_ = mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail("creating a temporary file");
  unlink(name.c_str());
}

void Spool::add(std::span<const Rating> rows) {
  for (const auto& row : rows) {
    if (buffer_.size() == kBuffered) flush();
    buffer_.push_back({row.user.value, row.movie.value, row.score, row.timestamp});
  }
  size_ += rows.size();
}

void Spool::flush() {
  if (file_ < 0) open();
  const auto bytes = std::as_bytes(std::span{buffer_});
  for (std::size_t done = 0; done < bytes.size();) {
    const auto wrote = write(file_, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail("writing a temporary file");
    done += static_cast<std::size_t>(wrote);
  }
  buffer_.clear();
}

std::size_t Spool::read(std::span<Rating> rows) {
  if (!buffer_.empty() && given_ == 0) flush();
  const auto wanted = std::min(
      {static_cast<std::uint64_t>(rows.size()), size_ - given_, static_cast<std::uint64_t>(kBuffered)});
  buffer_.resize(wanted);
  const auto bytes = std::as_writable_bytes(std::span{buffer_});
  const auto start = given_ * sizeof(Record);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto got = pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(start + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("reading a temporary file back");
    done += static_cast<std::size_t>(got);
  }
  std::transform(buffer_.begin(), buffer_.end(), rows.begin(), [](const Record& record) {
    return Rating{{record.user}, {record.movie}, record.score, record.timestamp};
  });
  given_ += wanted;
  return wanted;
}

}  // namespace ratings
