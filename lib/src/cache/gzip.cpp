#include "cache/gzip.hpp"

#include <zlib.h>

#include <new>

namespace ratings {
namespace {

constexpr int kLevel = 1;  // histories shrink to a fifth already; higher levels cost thrice the time
constexpr int kGzipWindowBits =
    15 + 16;                     // 32 KiB window; + 16 asks for the gzip wrapper (zlib.h, deflateInit2)
constexpr int kMemoryLevel = 8;  // zlib's default

class Deflater {
 public:
  Deflater() {
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc{};  // the parameters are constants, so only memory can be missing
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string all(std::string_view bytes) {
    std::string out(deflateBound(&stream_, bytes.size()), '\0');
    // zlib does not write through next_in, it only lacks the const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) throw std::bad_alloc{};
    return {out.data(), stream_.total_out};  // a copy of its own size: the bound is larger than the input
  }

 private:
  z_stream stream_{};
};

}  // namespace

std::string gzip(std::string_view bytes) { return Deflater{}.all(bytes); }

}  // namespace ratings
