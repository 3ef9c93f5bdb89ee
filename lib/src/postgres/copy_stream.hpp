#pragma once

#include "postgres/connection.hpp"

#include "ratings/model.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::postgres {

/// A binary COPY … FROM STDIN under way (PostgreSQL manual, COPY, "Binary Format"): no text, no escapes, no
/// `\.`. The table's columns must be user_id, movie_id, rating, "timestamp", and for quarantine batch,
/// generation, held_back.
class CopyStream {
 public:
  /// `columns` in parentheses or empty; `options` follow FORMAT binary, for example ", FREEZE".
  CopyStream(Connection& connection, std::string_view table, std::string_view columns,
             std::string_view options);
  ~CopyStream();
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  void add(const Rating& row);
  void add_held_back(const Rating& row, std::int64_t batch, std::int64_t generation);
  /// Ends the COPY; the number of rows the server says it stored.
  std::uint64_t finish();

 private:
  void begin_row(std::uint16_t fields);
  void put2(std::uint16_t value);
  void put4(std::uint32_t value);
  void put8(std::uint64_t value);
  void put_rating(const Rating& row);
  void send();

  Connection& connection_;
  std::string attempted_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  bool open_ = true;
};

}  // namespace ratings::postgres
