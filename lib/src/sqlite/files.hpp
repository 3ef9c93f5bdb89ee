#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sys/types.h>

namespace ratings::sqlite {

/// Which file a path leads to, so that a reader notices when a backup has been moved into its place.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// Never opens the file: closing another descriptor of it would drop SQLite's locks (fcntl(2), POSIX locks).
[[nodiscard]] std::optional<FileId> file_id(const std::filesystem::path& path) noexcept;
/// As file_id; Error{unreachable} when there is no such file.
[[nodiscard]] FileId existing_file(const std::filesystem::path& path);
/// `path` itself, when there is such a file; else as existing_file().
[[nodiscard]] const std::filesystem::path& present(const std::filesystem::path& path);

/// Of the database at `path` and its log; what is not there counts nothing.
[[nodiscard]] std::uint64_t bytes_on_disk(const std::filesystem::path& path);

/// Makes the directories above `path`, durably. Error{store} when that is not allowed.
void make_folders_for(const std::filesystem::path& path);

}  // namespace ratings::sqlite
