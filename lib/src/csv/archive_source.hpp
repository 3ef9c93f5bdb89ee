#pragma once

#include "csv/input_file.hpp"

#include <memory>

namespace ratings::csv {

enum class Packing { zstd, xz, zip };

/// Unpacks .zst, .xz and one file of a .zip through libarchive, checksums included. Of several files in a
/// .zip it is the one named ratings.csv; without such a one it is refused, and so are several files that come
/// through a pipe.
class ArchiveSource final : public ByteSource {
 public:
  ArchiveSource(std::unique_ptr<InputFile> input, Packing packing);
  ~ArchiveSource() override;
  ArchiveSource(const ArchiveSource&) = delete;
  ArchiveSource& operator=(const ArchiveSource&) = delete;

  std::size_t read(std::span<char> into) override;
  std::uint64_t consumed() const noexcept override;
  std::optional<std::uint64_t> total() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ratings::csv
