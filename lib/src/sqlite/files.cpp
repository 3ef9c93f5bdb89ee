#include "sqlite/files.hpp"

#include "ratings/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace ratings::sqlite {
namespace {

/// A new directory survives a power cut only if its parent was synced (fsync(2)).
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // not readable: nothing we can do, and SQLite syncs its own files
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

std::optional<FileId> file_id(const std::filesystem::path& path) noexcept {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileId{found.st_dev, found.st_ino};
}

FileId existing_file(const std::filesystem::path& path) {
  const auto found = file_id(path);
  if (found) return *found;
  throw Error{Kind::unreachable, "open store " + path.string() + ": " + std::strerror(errno) +
                                     "; run 'ratingsctl load FILE' or 'ratingsctl init' to create it"};
}

const std::filesystem::path& present(const std::filesystem::path& path) {
  (void)existing_file(path);
  return path;
}

void make_folders_for(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> made;
  for (auto folder = path.parent_path(); !folder.empty() && !file_id(folder); folder = folder.parent_path()) {
    made.push_back(folder);
  }
  if (made.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) {
    throw Error{Kind::store, "create directory " + path.parent_path().string() + ": " + failed.message()};
  }
  for (const auto& folder : made) sync_folder(folder.parent_path());
}

std::uint64_t bytes_on_disk(const std::filesystem::path& path) {
  std::uint64_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path.string() + suffix, failed);
    if (!failed) total += size;
  }
  return total;
}

}  // namespace ratings::sqlite
