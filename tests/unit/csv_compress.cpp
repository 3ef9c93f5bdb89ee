#include "csv_compress.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <stdexcept>

namespace ratings::test {
namespace {

struct FreeWriter {
  void operator()(archive* writer) const noexcept { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

void check(archive* writer, int result) {
  if (result != ARCHIVE_OK) throw std::runtime_error{archive_error_string(writer)};
}

void add(archive* writer, const std::string& name, const std::string& content) {
  const std::unique_ptr<archive_entry, FreeEntry> entry{archive_entry_new()};
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), name.ends_with('/') ? AE_IFDIR : AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  check(writer, archive_write_header(writer, entry.get()));
  if (content.empty()) return;
  if (archive_write_data(writer, content.data(), content.size()) < 0)
    throw std::runtime_error{archive_error_string(writer)};
}

la_ssize_t append(archive* /*writer*/, void* text, const void* bytes, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

template <typename Configure>
std::string pack(const Entries& entries, Configure configure) {
  std::string packed;
  const std::unique_ptr<archive, FreeWriter> writer{archive_write_new()};
  configure(writer.get());
  // Unpadded: a tape's blocks are of no use in a file.
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  check(writer.get(), archive_write_open(writer.get(), &packed, nullptr, append, nullptr));
  for (const auto& [name, content] : entries) add(writer.get(), name, content);
  check(writer.get(), archive_write_close(writer.get()));
  return packed;
}

}  // namespace

std::string compress(const std::string& text, Filter filter) {
  return pack({{"data", text}}, [filter](archive* writer) {
    check(writer, archive_write_set_format_raw(writer));
    if (filter == Filter::gzip) check(writer, archive_write_add_filter_gzip(writer));
    if (filter == Filter::zstd) check(writer, archive_write_add_filter_zstd(writer));
    if (filter == Filter::xz) check(writer, archive_write_add_filter_xz(writer));
  });
}

std::string make_zip(const Entries& entries) {
  return pack(entries, [](archive* writer) { check(writer, archive_write_set_format_zip(writer)); });
}

std::string make_tar(const Entries& entries) {
  return pack(entries, [](archive* writer) { check(writer, archive_write_set_format_ustar(writer)); });
}

}  // namespace ratings::test
