#pragma once

#include "postgres/connection.hpp"
#include "postgres/copy_rows.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ratings::postgres {

/// A binary COPY … FROM STDIN under way on a connection that must outlive it. Not thread-safe. The destructor
/// gives an unfinished COPY up. Throws Error{store|unreachable}: an error of the server is noticed at the
/// next put(), not after the last.
class CopyStream {
 public:
  /// `columns` in parentheses; `options` follow FORMAT binary, for example ", FREEZE".
  CopyStream(Connection& connection, std::string_view table, std::string_view columns,
             std::string_view options);
  ~CopyStream();
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  /// Sends the rows and clears them; waits as long as the server needs to take them.
  void put(CopyRows& rows);
  /// Ends the COPY; the number of rows the server says it stored.
  std::uint64_t finish();

 private:
  void send(std::string_view bytes);
  [[noreturn]] void fail();

  Connection& connection_;
  const std::string attempted_;
  bool open_ = true;
};

}  // namespace ratings::postgres
