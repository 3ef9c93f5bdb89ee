#pragma once

#include "csv/byte_source.hpp"

#include <array>
#include <string_view>

namespace ratings::csv {

/// The undecoded bytes of a file, a pipe or standard input. Owns its descriptor, except standard input's.
/// Not thread-safe. Throws Error{input} naming the file, Error{interrupted} when told to stop.
class InputFile {
 public:
  InputFile(std::string path, const std::atomic<bool>& stop);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// The first bytes, at most 6, without taking them.
  [[nodiscard]] std::string_view peek();
  /// 0 only at the end.
  [[nodiscard]] std::size_t read(std::span<char> into);
  /// Only for a regular file: where the next read() begins.
  void seek(std::uint64_t offset);

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] const InputFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] std::size_t read_descriptor(std::span<char> into);
  void wait_for_bytes();

  std::string path_;
  const std::atomic<bool>& stop_;
  int descriptor_ = -1;
  InputFacts facts_;
  std::uint64_t position_ = 0;
  std::array<char, 6> head_{};  ///< xz has the longest magic number, 6 bytes
  std::size_t head_size_ = 0;
  std::size_t head_given_ = 0;
  bool peeked_ = false;
};

}  // namespace ratings::csv
