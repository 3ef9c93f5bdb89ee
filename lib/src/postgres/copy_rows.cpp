#include "postgres/copy_rows.hpp"

#include <bit>
#include <cstring>

namespace ratings::postgres {
namespace {

// 64 KiB a message: eight times libpq's own 8 KiB; larger ones load no faster, and there are lanes × children
// of them.
constexpr std::size_t kBuffer = 64UL * 1024;
constexpr std::size_t kLargestRow = 128;

std::uint16_t swapped(std::uint16_t value) { return __builtin_bswap16(value); }
std::uint32_t swapped(std::uint32_t value) { return __builtin_bswap32(value); }
std::uint64_t swapped(std::uint64_t value) { return __builtin_bswap64(value); }

constexpr std::uint16_t kRatingFields = 4;
constexpr std::uint16_t kHeldBackFields = 7;

}  // namespace

CopyRows::CopyRows() : buffer_(kBuffer) {}

bool CopyRows::full() const noexcept { return buffer_.size() - used_ < kLargestRow; }

/// In network byte order.
template <typename Unsigned>
void CopyRows::put(Unsigned value) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = swapped(value);
  std::memcpy(buffer_.data() + used_, &value, sizeof value);
  used_ += sizeof value;
}

/// Each field behind its length in bytes.
void CopyRows::put_rating(const Rating& row) noexcept {
  put(std::uint32_t{8});
  put(static_cast<std::uint64_t>(row.user.value));
  put(std::uint32_t{4});
  put(static_cast<std::uint32_t>(row.movie.value));
  put(std::uint32_t{4});
  put(std::bit_cast<std::uint32_t>(row.score));
  put(std::uint32_t{8});
  put(static_cast<std::uint64_t>(row.timestamp));
}

void CopyRows::add(const Rating& row) noexcept {
  put(kRatingFields);
  put_rating(row);
}

void CopyRows::add_held_back(const Rating& row, std::int64_t batch, std::int64_t generation) noexcept {
  put(kHeldBackFields);
  put_rating(row);
  put(std::uint32_t{8});
  put(static_cast<std::uint64_t>(batch));
  put(std::uint32_t{8});
  put(static_cast<std::uint64_t>(generation));
  put(std::uint32_t{1});
  buffer_[used_++] = 1;
}

}  // namespace ratings::postgres
