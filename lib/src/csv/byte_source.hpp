#pragma once

#include "ratings/error.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ratings::csv {

/// A stream of decompressed bytes, read once from front to back. Not thread-safe.
/// Throws Error{input} when the input cannot be read or is damaged, Error{interrupted} when told to stop.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `into` and returns how many bytes; 0 only at the end. `into` is never empty.
  virtual std::size_t read(std::span<char> into) = 0;
  /// How much of the input itself (compressed, if it is) has been taken.
  [[nodiscard]] virtual std::uint64_t consumed() const noexcept = 0;
  /// The size of the input itself; unknown for a pipe.
  [[nodiscard]] virtual std::optional<std::uint64_t> total() const noexcept = 0;
};

/// What can be known about an input without reading it.
struct InputFacts {
  bool repeatable = false;            ///< a regular file: opening it again gives the same bytes
  std::optional<std::uint64_t> size;  ///< unknown for a pipe
  std::uint64_t device = 0;           ///< with `inode`: which file it is, under whatever name
  std::uint64_t inode = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970

  /// The same file, as long and as old.
  friend bool operator==(const InputFacts&, const InputFacts&) = default;
};

/// Error{input} for a missing file, a directory or one that may not be read. `path`: "-" is standard input.
[[nodiscard]] InputFacts inspect(const std::string& path);

/// Opens a file, a pipe or standard input ("-"). Plain, .gz, .zst, .xz and .zip (its only file, or its
/// ratings.csv) are told apart by their first bytes, not by name. Memory does not depend on the size. `stop`
/// is watched while a pipe keeps us waiting; it must outlive the source.
[[nodiscard]] std::unique_ptr<ByteSource> open_source(const std::string& path, const std::atomic<bool>& stop);

}  // namespace ratings::csv
