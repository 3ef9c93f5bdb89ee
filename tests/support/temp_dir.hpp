#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace ratings::test {

/// A directory of one test's own; removed with everything in it at the end.
class TempDir {
 public:
  TempDir() {
    auto name = (std::filesystem::temp_directory_path() / "ratings-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot create " + name};
    path_ = name;
  }
  ~TempDir() {
    std::error_code failed;  // a directory left behind is no reason to end the test program
    std::filesystem::remove_all(path_, failed);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ratings::test
