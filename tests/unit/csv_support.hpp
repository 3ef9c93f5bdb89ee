#pragma once

#include "csv/bad_row.hpp"
#include "csv/byte_source.hpp"

#include "ratings/load.hpp"

#include <filesystem>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace ratings {

/// So that doctest can print it.
inline std::ostream& operator<<(std::ostream& out, const Rating& row) {
  return out << row.user.value << "," << row.movie.value << "," << row.score << "," << row.timestamp;
}

}  // namespace ratings

namespace ratings::test {

/// A folder of one test's own, gone at its end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// The new file's path.
  std::string write(const std::string& name, const std::string& bytes) const;
  /// Names in the folder, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::filesystem::path folder_;
};

[[nodiscard]] std::string read_whole(const std::string& path);

/// Text in pieces of random sizes, 1 … `largest`.
class ChunkSource final : public csv::ByteSource {
 public:
  ChunkSource(std::string_view text, std::size_t largest, unsigned seed)
      : text_{text}, largest_{largest}, random_{seed} {}
  std::size_t read(std::span<char> into) override;
  std::uint64_t consumed() const noexcept override { return given_; }
  std::optional<std::uint64_t> total() const noexcept override { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t largest_;
  std::mt19937 random_;
  std::size_t given_ = 0;
};

struct SeenBad {
  std::uint64_t line = 0;
  std::uint64_t byte_offset = 0;
  std::string code;
  std::string bytes;
  friend bool operator==(const SeenBad&, const SeenBad&) = default;
};

struct Outcome {
  std::vector<Rating> rows;
  std::vector<SeenBad> bad;
  std::vector<std::string> reasons;
  std::uint64_t lines = 0;
  std::string error;  ///< of the first line, if that was refused
  ContentHash hash;
  std::string header;
};

/// Reads all of `text` with BlockReader and BlockParser, in pieces of at most `largest` bytes.
[[nodiscard]] Outcome read_csv(std::string_view text, std::size_t largest = 1U << 20U, unsigned seed = 1,
                               char delimiter = ',');

}  // namespace ratings::test
