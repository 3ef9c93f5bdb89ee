#pragma once

#include "csv/input_file.hpp"

#include <memory>
#include <vector>

namespace ratings::csv {

/// Inflates .gz, members joined end to end included (RFC 1952 §2.2). Uses zlib, because libarchive 3.6 checks
/// neither the CRC nor that nothing follows the last member, so a damaged file would pass for a good one.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<InputFile> input);
  ~GzipSource() override;
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(std::span<char> into) override;
  std::uint64_t consumed() const noexcept override { return input_->position(); }
  std::optional<std::uint64_t> total() const noexcept override { return input_->facts().size; }

 private:
  struct Inflater;
  [[nodiscard]] bool refill();
  [[noreturn]] void fail(const std::string& what) const;

  std::unique_ptr<InputFile> input_;
  std::unique_ptr<Inflater> inflater_;
  std::vector<char> buffer_;
};

}  // namespace ratings::csv
