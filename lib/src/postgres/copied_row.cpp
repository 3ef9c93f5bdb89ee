#include "postgres/copied_row.hpp"

#include "postgres/byte_order.hpp"

#include "ratings/error.hpp"

#include <bit>
#include <cstdint>

namespace ratings::postgres {
namespace {

constexpr std::string_view kSignature{"PGCOPY\n\377\r\n\0", 11};
constexpr std::uint16_t kFields = 4;
constexpr std::uint16_t kEnd = 0xFFFF;  // in the place of a row's number of fields

[[noreturn]] void fail() { throw Error{Kind::store, "reading a binary COPY: not the rows asked for"}; }

}  // namespace

template <typename Unsigned>
Unsigned CopiedRows::number() {
  if (rest_.size() < sizeof(Unsigned)) fail();
  const auto value = big_endian<Unsigned>(rest_.data());
  rest_.remove_prefix(sizeof value);
  return value;
}

/// Its length in bytes stands before it; a NULL has the length −1.
template <typename Unsigned>
Unsigned CopiedRows::field() {
  if (number<std::uint32_t>() != sizeof(Unsigned)) fail();
  return number<Unsigned>();
}

void CopiedRows::begin(std::string_view message) {
  rest_ = message;
  if (header_seen_) return;
  header_seen_ = true;
  if (!rest_.starts_with(kSignature)) fail();
  rest_.remove_prefix(kSignature.size());
  number<std::uint32_t>();  // flags: none that concerns us
  if (const auto extension = number<std::uint32_t>(); extension <= rest_.size()) {
    rest_.remove_prefix(extension);
  } else {
    fail();
  }
}

bool CopiedRows::next(Rating& row) {
  if (rest_.empty()) return false;
  const auto fields = number<std::uint16_t>();
  if (fields == kEnd) return false;
  if (fields != kFields) fail();
  row.user.value = static_cast<std::int64_t>(field<std::uint64_t>());
  row.movie.value = static_cast<std::int32_t>(field<std::uint32_t>());
  row.score = std::bit_cast<float>(field<std::uint32_t>()) + 0.0F;  // a -0 written with psql is the score 0
  row.timestamp = static_cast<std::int64_t>(field<std::uint64_t>());
  return true;
}

}  // namespace ratings::postgres
