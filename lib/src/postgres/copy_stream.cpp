#include "postgres/copy_stream.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <bit>
#include <cstring>

namespace ratings::postgres {
namespace {

/// 256 KiB a message: fewer, larger messages than libpq's 8 KiB; bigger ones did not load faster in the
/// prototype.
constexpr std::size_t kBuffer = 256 * 1024;
constexpr std::size_t kLargestRow = 128;
constexpr std::string_view kHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
constexpr std::uint16_t kTrailer = 0xFFFF;

}  // namespace

CopyStream::CopyStream(Connection& connection, std::string_view table, std::string_view columns,
                       std::string_view options)
    : connection_{connection},
      attempted_{"copying into " + std::string{table}},
      buffer_(kBuffer),
      used_{kHeader.size()} {
  const auto sql = "COPY " + std::string{table} + " " + std::string{columns} + " FROM STDIN (FORMAT binary" +
                   std::string{options} + ")";
  connection_.execute(attempted_, sql);
  std::memcpy(buffer_.data(), kHeader.data(), kHeader.size());
}

CopyStream::~CopyStream() {
  if (!open_ || connection_.broken()) return;
  try {
    PQputCopyEnd(connection_.raw(), "ratingsctl gave up");
    connection_.next_result(attempted_, kNoDeadline);
  } catch (const Error& error) {
    log::debug("copy given up: {}", error.what());
  }
}

void CopyStream::put2(std::uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(buffer_.data() + used_, &value, sizeof value);
  used_ += sizeof value;
}

void CopyStream::put4(std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(buffer_.data() + used_, &value, sizeof value);
  used_ += sizeof value;
}

void CopyStream::put8(std::uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(buffer_.data() + used_, &value, sizeof value);
  used_ += sizeof value;
}

void CopyStream::begin_row(std::uint16_t fields) {
  if (used_ + kLargestRow > buffer_.size()) send();
  put2(fields);
}

void CopyStream::put_rating(const Rating& row) {
  put4(8);
  put8(static_cast<std::uint64_t>(row.user.value));
  put4(4);
  put4(static_cast<std::uint32_t>(row.movie.value));
  put4(4);
  put4(std::bit_cast<std::uint32_t>(row.score));
  put4(8);
  put8(static_cast<std::uint64_t>(row.timestamp));
}

void CopyStream::add(const Rating& row) {
  begin_row(4);
  put_rating(row);
}

void CopyStream::add_held_back(const Rating& row, std::int64_t batch, std::int64_t generation) {
  begin_row(7);
  put_rating(row);
  put4(8);
  put8(static_cast<std::uint64_t>(batch));
  put4(8);
  put8(static_cast<std::uint64_t>(generation));
  put4(1);
  buffer_[used_++] = 1;
}

void CopyStream::send() {
  if (PQputCopyData(connection_.raw(), buffer_.data(), static_cast<int>(used_)) != 1) {
    // The server's own words, if it said any, come with the result.
    open_ = false;
    connection_.next_result(attempted_, kNoDeadline);
    throw Error{Kind::unreachable, attempted_ + ": the connection was lost; nothing was loaded"};
  }
  used_ = 0;
}

std::uint64_t CopyStream::finish() {
  if (used_ + sizeof kTrailer > buffer_.size()) send();
  put2(kTrailer);
  send();
  open_ = false;
  if (PQputCopyEnd(connection_.raw(), nullptr) != 1) {
    throw Error{Kind::unreachable, attempted_ + ": the connection was lost; nothing was loaded"};
  }
  const auto stored = connection_.next_result(attempted_, kNoDeadline).affected();
  connection_.drain(kNoDeadline);
  return stored;
}

}  // namespace ratings::postgres
