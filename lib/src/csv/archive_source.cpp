#include "csv/archive_source.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace ratings::csv {
namespace {

constexpr std::size_t kPackedAtOnce = 64UL * 1024;
// The data set's own archive holds it beside credits.csv, links.csv and others.
constexpr const char* kRatings = "ratings.csv";

const char* name_of(Packing packing) noexcept {
  switch (packing) {
    case Packing::zstd:
      return "zstd";
    case Packing::xz:
      return "xz";
    case Packing::zip:
      break;
  }
  return "zip";
}

struct FreeArchive {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};

}  // namespace

struct ArchiveSource::State {
  std::unique_ptr<InputFile> input;
  Packing packing = Packing::zip;
  std::vector<char> buffer = std::vector<char>(kPackedAtOnce);
  std::exception_ptr broken;  ///< an exception may not pass through C, so it waits here
  std::unique_ptr<archive, FreeArchive> reader{archive_read_new()};

  [[noreturn]] void fail() const {
    if (broken) std::rethrow_exception(broken);
    const char* text = archive_error_string(reader.get());
    throw Error{Kind::input, "reading " + input->path() + ": the " + name_of(packing) +
                                 " file cannot be unpacked, it may be cut off or damaged" +
                                 (text == nullptr ? "" : " (" + std::string{text} + ")")};
  }
  void check(int result) const {
    if (result != ARCHIVE_OK) fail();
  }

  void open();
  /// Goes to the next regular file; its name, or nothing at the end of the archive.
  std::optional<std::string> next_file();
  /// Of all regular files from here on.
  std::vector<std::string> names();
  /// Which of the files, given their names, is the one to load. Throws Error{input} when that cannot be told.
  std::size_t chosen(const std::vector<std::string>& names) const;
  bool refuse_more = false;
  bool empty = false;  ///< what is packed has no byte
};

namespace {

template <typename State>
la_ssize_t give_bytes(archive* reader, void* data, const void** block) {
  auto& state = *static_cast<State*>(data);
  try {
    *block = state.buffer.data();
    return static_cast<la_ssize_t>(state.input->read(state.buffer));
  } catch (const Error&) {
    state.broken = std::current_exception();
    archive_set_error(reader, EIO, "the file cannot be read");
    return ARCHIVE_FATAL;
  }
}

template <typename State>
la_int64_t move_to(archive* reader, void* data, la_int64_t offset, int whence) {
  auto& state = *static_cast<State*>(data);
  const auto size = static_cast<la_int64_t>(state.input->facts().size.value_or(0));
  const auto here = static_cast<la_int64_t>(state.input->position());
  const auto target = offset + (whence == SEEK_END ? size : whence == SEEK_CUR ? here : 0);
  try {
    state.input->seek(static_cast<std::uint64_t>(target));
    return target;
  } catch (const Error&) {
    state.broken = std::current_exception();
    archive_set_error(reader, EIO, "the file cannot be read");
    return ARCHIVE_FATAL;
  }
}

void enable(archive* reader, Packing packing) {
  // One format alone: content that looks like another archive inside must stay what it is.
  if (packing == Packing::zip) {
    archive_read_support_format_zip(reader);
    return;
  }
  archive_read_support_format_raw(reader);
  archive_read_support_format_empty(reader);
  if (packing == Packing::zstd) archive_read_support_filter_zstd(reader);
  if (packing == Packing::xz) archive_read_support_filter_xz(reader);
}

}  // namespace

void ArchiveSource::State::open() {
  reader.reset(archive_read_new());
  if (!reader) throw std::bad_alloc{};
  enable(reader.get(), packing);
  archive_read_set_read_callback(reader.get(), give_bytes<State>);
  // With a seek a zip is read by its directory, which knows sizes that local headers may leave out.
  if (input->facts().repeatable) archive_read_set_seek_callback(reader.get(), move_to<State>);
  archive_read_set_callback_data(reader.get(), this);
  check(archive_read_open1(reader.get()));
}

std::optional<std::string> ArchiveSource::State::next_file() {
  archive_entry* entry = nullptr;
  auto result = archive_read_next_header(reader.get(), &entry);
  while (result == ARCHIVE_OK && archive_entry_filetype(entry) != AE_IFREG)
    result = archive_read_next_header(reader.get(), &entry);
  if (broken) fail();
  if (result == ARCHIVE_EOF) return std::nullopt;
  check(result);
  const char* name = archive_entry_pathname(entry);
  return std::string{name == nullptr ? "" : name};
}

std::vector<std::string> ArchiveSource::State::names() {
  std::vector<std::string> found;
  while (auto name = next_file()) found.push_back(*std::move(name));
  return found;
}

std::size_t ArchiveSource::State::chosen(const std::vector<std::string>& names) const {
  if (names.size() <= 1) return 0;
  std::string listed;
  std::vector<std::size_t> ratings;
  for (std::size_t number = 0; number < names.size(); ++number) {
    if (names[number].substr(names[number].rfind('/') + 1) == kRatings) ratings.push_back(number);
    listed += (listed.empty() ? "" : ", ") + names[number];
  }
  if (ratings.size() == 1) return ratings.front();
  throw Error{Kind::input, "reading " + input->path() + ": the archive holds several files (" + listed +
                               ") and " + (ratings.empty() ? "none" : "more than one") + " is named " +
                               kRatings + "; unpack the one to load"};
}

ArchiveSource::ArchiveSource(std::unique_ptr<InputFile> input, Packing packing)
    : state_{std::make_unique<State>()} {
  state_->input = std::move(input);
  state_->packing = packing;
  // A pipe cannot be looked through first: its first file is read, and read() refuses a second one.
  const bool choose = packing == Packing::zip && state_->input->facts().repeatable;
  state_->open();
  const auto wanted = choose ? state_->chosen(state_->names()) : 0;
  if (choose) {
    state_->input->seek(0);
    state_->open();
  }
  for (std::size_t number = 0; number <= wanted && !state_->empty; ++number) {
    state_->empty = !state_->next_file();
  }
  if (state_->empty && packing == Packing::zip) {
    throw Error{Kind::input, "reading " + state_->input->path() + ": the archive holds no file"};
  }
  state_->refuse_more = packing == Packing::zip && !choose;
}

ArchiveSource::~ArchiveSource() = default;

std::size_t ArchiveSource::read(std::span<char> into) {
  if (state_->empty) return 0;
  const auto got = archive_read_data(state_->reader.get(), into.data(), into.size());
  // A warning (a wrong CRC is one) is an error to us.
  if (got < 0) state_->fail();
  if (got == 0 && state_->refuse_more && state_->next_file()) {
    throw Error{
        Kind::input,
        "reading " + state_->input->path() +
            ": the archive holds several files; load it from a file, not through a pipe, or unpack it"};
  }
  return static_cast<std::size_t>(got);
}

std::uint64_t ArchiveSource::consumed() const noexcept { return state_->input->position(); }

std::optional<std::uint64_t> ArchiveSource::total() const noexcept { return state_->input->facts().size; }

}  // namespace ratings::csv
