// Lines to a file or to standard output, through a buffer. Throws std::runtime_error when it cannot be
// written.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace maker {

class Output {
 public:
  /// An empty path: standard output.
  explicit Output(const std::string& path);
  void line(std::string_view text);
  /// Whoever leaves this out does not learn whether everything was written.
  void finish();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept {
      if (file != stdout) std::fclose(file);
    }
  };
  void flush();
  [[noreturn]] void fail() const;

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string buffer_;
};

void append_number(std::string& text, std::uint64_t number);

}  // namespace maker
