#pragma once

#include <string>
#include <string_view>

namespace ratings {

/// A file that appears under its name only when it is complete and on disk; until then it is NAME.part, which
/// the destructor removes unless it was to be kept. Not thread-safe. Throws Error{input} naming the file when
/// it cannot be written.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  /// Its name until it is complete.
  [[nodiscard]] static std::string part_of(const std::string& path) { return path + ".part"; }
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  /// True at the beginning of a line.
  [[nodiscard]] bool at_line_start() const noexcept { return last_ == '\n'; }
  /// Everything is on disk afterwards.
  void sync();
  /// After sync(): takes the place of an older file of that name. If it cannot, NAME.part stays.
  void publish();
  /// After sync(), instead of publish(): stays NAME.part, which is returned.
  std::string keep();

 private:
  void flush();
  [[noreturn]] void fail() const;

  std::string path_;
  std::string part_;
  int descriptor_ = -1;
  std::string buffer_;
  char last_ = '\n';
};

}  // namespace ratings
