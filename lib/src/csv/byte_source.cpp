#include "csv/byte_source.hpp"

#include "csv/archive_source.hpp"
#include "csv/gzip_source.hpp"
#include "csv/input_file.hpp"

namespace ratings::csv {
namespace {

using namespace std::string_view_literals;

// The first bytes that each format's own specification fixes: RFC 1952 §2.3.1, RFC 8878 §3.1.1,
// the .xz file format §2.1.1.1, and APPNOTE.TXT §4.3.7 (a zip that is empty begins with its directory's end).
// pzstd begins with a frame to be skipped, RFC 8878 §3.1.2; its first byte may be any of 0x50 … 0x5f.
constexpr auto kGzip = "\x1f\x8b"sv;
constexpr auto kZstd = "\x28\xb5\x2f\xfd"sv;
constexpr auto kSkippable = "\x2a\x4d\x18"sv;
constexpr auto kXz = "\xfd\x37zXZ\0"sv;
constexpr auto kZip = "PK\x03\x04"sv;
constexpr auto kEmptyZip = "PK\x05\x06"sv;

/// What is not read, by its first bytes, with what unpacks it.
struct Unread {
  std::string_view magic;
  const char* name;
  const char* unpack;
};
constexpr Unread kUnread[] = {{"BZh", "bzip2", "bzcat"},
                              {"7z\xbc\xaf\x27\x1c"sv, "7-Zip", "7z x -so"},
                              {"\x04\x22\x4d\x18"sv, "LZ4", "lz4cat"}};

void refuse_unread(std::string_view head, const std::string& path) {
  for (const auto& format : kUnread) {
    if (!head.starts_with(format.magic)) continue;
    std::string text = "reading " + path + ": it is packed by ";
    text.append(format.name).append(", which load does not unpack; run '").append(format.unpack);
    throw Error{Kind::input, text.append(" ").append(path).append(" | ratingsctl load -'")};
  }
}

bool is_zstd(std::string_view head) {
  if (head.starts_with(kZstd)) return true;
  return !head.empty() && (static_cast<unsigned char>(head.front()) & 0xF0U) == 0x50 &&
         head.substr(1).starts_with(kSkippable);
}

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<InputFile> input) : input_{std::move(input)} {}
  std::size_t read(std::span<char> into) override { return input_->read(into); }
  std::uint64_t consumed() const noexcept override { return input_->position(); }
  std::optional<std::uint64_t> total() const noexcept override { return input_->facts().size; }

 private:
  std::unique_ptr<InputFile> input_;
};

}  // namespace

std::unique_ptr<ByteSource> open_source(const std::string& path, const std::atomic<bool>& stop) {
  auto input = std::make_unique<InputFile>(path, stop);
  const auto head = input->peek();
  if (head.starts_with(kGzip)) return std::make_unique<GzipSource>(std::move(input));
  if (is_zstd(head)) return std::make_unique<ArchiveSource>(std::move(input), Packing::zstd);
  if (head.starts_with(kXz)) return std::make_unique<ArchiveSource>(std::move(input), Packing::xz);
  if (head.starts_with(kZip) || head.starts_with(kEmptyZip)) {
    return std::make_unique<ArchiveSource>(std::move(input), Packing::zip);
  }
  refuse_unread(head, path);
  return std::make_unique<PlainSource>(std::move(input));
}

}  // namespace ratings::csv
