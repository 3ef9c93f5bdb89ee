#include "postgres/copy_stream.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <poll.h>

namespace ratings::postgres {
namespace {

using namespace std::string_view_literals;

// Signature, flags, length of the header's extension; and what stands in the place of a row's field count at
// the end.
constexpr auto kHeader = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr auto kTrailer = "\xFF\xFF"sv;

/// While it copies, a server says nothing but that it failed. (Not asked over TLS, which has messages of its
/// own.)
bool has_spoken(PGconn* connection) {
  if (PQsslInUse(connection) != 0) return false;
  pollfd waited{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
  return poll(&waited, 1, 0) > 0;
}

}  // namespace

CopyStream::CopyStream(Connection& connection, std::string_view table, std::string_view columns,
                       std::string_view options)
    : connection_{connection}, attempted_{"copying into " + std::string{table}} {
  connection_.execute(attempted_, "COPY " + std::string{table} + " " + std::string{columns} +
                                      " FROM STDIN (FORMAT binary" + std::string{options} + ")");
  send(kHeader);
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

void CopyStream::put(CopyRows& rows) {
  // libpq would go on sending the rest of the file to a server that only throws it away.
  if (!open_ || has_spoken(connection_.raw())) fail();
  send(rows.bytes());
  rows.clear();
}

void CopyStream::send(std::string_view bytes) {
  if (PQputCopyData(connection_.raw(), bytes.data(), static_cast<int>(bytes.size())) != 1) fail();
}

/// Throws what the server has to say; if it has nothing, the connection is gone.
void CopyStream::fail() {
  if (open_) {
    open_ = false;
    PQputCopyEnd(connection_.raw(), "ratingsctl gave up");
    connection_.next_result(attempted_, kNoDeadline);
  }
  throw Error{Kind::unreachable, attempted_ + ": the connection was lost; nothing was loaded", Outcome::told};
}

std::uint64_t CopyStream::finish() {
  send(kTrailer);
  open_ = false;
  if (PQputCopyEnd(connection_.raw(), nullptr) != 1) fail();
  const auto stored = connection_.next_result(attempted_, kNoDeadline).affected();
  connection_.drain(kNoDeadline);
  return stored;
}

}  // namespace ratings::postgres
