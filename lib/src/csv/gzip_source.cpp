#include "csv/gzip_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace ratings::csv {
namespace {

constexpr std::size_t kCompressedAtOnce = 64UL * 1024;
// zlib.h, inflateInit2: 15 for the largest window, + 16 to expect a gzip header and to check its CRC and
// length.
constexpr int kGzipOnly = 15 + 16;

}  // namespace

struct GzipSource::Inflater {
  z_stream stream{};
  bool between_members = false;
};

GzipSource::GzipSource(std::unique_ptr<InputFile> input)
    : input_{std::move(input)}, inflater_{std::make_unique<Inflater>()}, buffer_(kCompressedAtOnce) {
  if (inflateInit2(&inflater_->stream, kGzipOnly) != Z_OK) throw std::bad_alloc{};
}

GzipSource::~GzipSource() { inflateEnd(&inflater_->stream); }

void GzipSource::fail(const std::string& what) const {
  throw Error{Kind::input, "reading " + input_->path() + ": " + what};
}

bool GzipSource::refill() {
  auto& stream = inflater_->stream;
  if (stream.avail_in > 0) return true;
  const auto got = input_->read(buffer_);
  stream.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  stream.avail_in = static_cast<uInt>(got);
  return got > 0;
}

std::size_t GzipSource::read(std::span<char> into) {
  auto& stream = inflater_->stream;
  const auto room = std::min<std::size_t>(into.size(), std::numeric_limits<uInt>::max());
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = static_cast<uInt>(room);
  while (stream.avail_out == room) {
    if (!refill()) {
      if (inflater_->between_members) return 0;
      fail("the gzip file ends too early, it was cut off");
    }
    if (inflater_->between_members) {
      inflateReset(&stream);
      inflater_->between_members = false;
    }
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      inflater_->between_members = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      fail(std::string{"the gzip file is damaged"} +
           (stream.msg == nullptr ? "" : std::string{" ("} + stream.msg + ")"));
    }
  }
  return room - stream.avail_out;
}

}  // namespace ratings::csv
