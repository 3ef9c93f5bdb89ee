#include "postgres/connection.hpp"

#include "core/log.hpp"
#include "postgres/byte_order.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/errors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <poll.h>

namespace ratings::postgres {
namespace {

/// Milliseconds for poll(2), rounded up; -1 without a deadline.
int remaining(Instant deadline) {
  if (deadline == kNoDeadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boot_clock().now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 86'400'000));
}

std::vector<const char*> pointers(std::span<const Param> params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& value : params) values.push_back(value ? value->c_str() : nullptr);
  return values;
}

/// For each host but the last, when nobody waits for us: as conninfo()'s connect_timeout.
constexpr Instant kHostPatience = std::chrono::seconds{3};

/// What the server says unasked: warnings, and "terminating connection" to one that waits. Of libpq's own
/// accord it would go to stderr as it is, in between the lines of the log.
void log_notice(void*, const char* message) {
  log::info("postgresql says message={}", log::quoted(first_line(message)));
}

}  // namespace

std::int32_t Result::int4(int row, int column) const {
  return static_cast<std::int32_t>(big_endian<std::uint32_t>(PQgetvalue(result_.get(), row, column)));
}
std::int64_t Result::int8(int row, int column) const {
  return static_cast<std::int64_t>(big_endian<std::uint64_t>(PQgetvalue(result_.get(), row, column)));
}
float Result::float4(int row, int column) const {
  return std::bit_cast<float>(big_endian<std::uint32_t>(PQgetvalue(result_.get(), row, column)));
}
bool Result::boolean(int row, int column) const { return *PQgetvalue(result_.get(), row, column) != 0; }
Salt Result::uuid(int row, int column) const {
  Salt salt;
  std::memcpy(salt.bytes.data(), PQgetvalue(result_.get(), row, column), salt.bytes.size());
  return salt;
}
std::string Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::uint64_t Result::affected() const {
  const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result_.get()));
  std::uint64_t value = 0;
  std::from_chars(count.data(), count.data() + count.size(), value);
  return value;
}

Param param(std::int64_t value) { return std::to_string(value); }

Param param(const Salt& salt) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : salt.bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;  // uuid_in takes 32 digits without dashes
}

Param param(std::span<const UserId> users) {
  std::string text = "{";
  for (const auto user : users) text += std::to_string(user.value) + ",";
  if (users.empty()) return "{}";
  text.back() = '}';
  return text;
}

Connection::Connection(const std::string& conninfo, Instant deadline) : target_{target_of(conninfo)} {
  std::vector<std::string> hosts;
  for (auto& host : hosts_of(conninfo)) hosts.push_back(std::move(host.conninfo));
  try_each(hosts, deadline, &Connection::connect_to_host);
}

void Connection::try_each(std::span<const std::string> places, Instant deadline,
                          void (Connection::*attempt)(const std::string&, Instant)) {
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    const auto now = boot_clock().now();
    const auto part = deadline == kNoDeadline
                          ? kHostPatience
                          : (deadline - now) / static_cast<Instant::rep>(places.size() - i);
    try {
      (this->*attempt)(places[i], now + part);
      return;
    } catch (const Error& error) {
      log::debug("trying the next one: {}", error.what());
      broken_ = false;
    }
  }
  (this->*attempt)(places.back(), deadline);
}

void Connection::connect_to_host(const std::string& conninfo, Instant deadline) {
  const auto left = deadline == kNoDeadline ? kHostPatience : deadline - boot_clock().now();
  const auto places = by_address(conninfo, std::chrono::ceil<std::chrono::milliseconds>(left));
  try_each(places, deadline, &Connection::connect);
}

void Connection::connect(const std::string& conninfo, Instant deadline) {
  connection_.reset(PQconnectStart(conninfo.c_str()));
  const auto attempted = "connecting to PostgreSQL at " + target_;
  const auto fail = [&] {
    throw Error{Kind::unreachable,
                attempted + ": " + not_connected(connection_ ? PQerrorMessage(raw()) : "out of memory")};
  };
  if (!connection_ || PQstatus(raw()) == CONNECTION_BAD) fail();
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, attempted);
    next = PQconnectPoll(raw());
    if (next == PGRES_POLLING_FAILED) fail();
  }
  cancel_.reset(PQgetCancel(raw()));
  PQsetNoticeProcessor(raw(), &log_notice, nullptr);
}

void Connection::lost(std::string_view attempted) {
  broken_ = true;
  throw Error{Kind::unreachable, std::string{attempted} + ": " +
                                     first_line(connection_ ? PQerrorMessage(raw()) : "out of memory")};
}

void Connection::wait(short events, Instant deadline, std::string_view attempted) {
  pollfd fd{.fd = PQsocket(raw()), .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&fd, 1, remaining(deadline));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return;
  broken_ = true;  // an answer may still come, and would be taken for the next one's
  throw Error{Kind::busy, std::string{attempted} + ": no answer from " + target_ + " in time"};
}

void Connection::check(PGresult* result, std::string_view attempted) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
      return;
    default:
      break;
  }
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const auto error = translate(attempted, sqlstate == nullptr ? "" : sqlstate, PQresultErrorMessage(result));
  if (error.kind() == Kind::unreachable) broken_ = true;
  throw error;
}

Result Connection::next_result(std::string_view attempted, Instant deadline) {
  for (int unsent = PQflush(raw()); unsent != 0; unsent = PQflush(raw())) {
    if (unsent < 0) lost(attempted);
    wait(POLLIN | POLLOUT, deadline, attempted);
    if (PQconsumeInput(raw()) == 0) lost(attempted);
  }
  while (PQisBusy(raw()) != 0) {
    wait(POLLIN, deadline, attempted);
    if (PQconsumeInput(raw()) == 0) lost(attempted);
  }
  Result result{PQgetResult(raw())};
  if (result.get() == nullptr) lost(attempted);
  check(const_cast<PGresult*>(result.get()), attempted);
  return result;
}

void Connection::notice_loss(std::string_view attempted) {
  pollfd fd{.fd = PQsocket(raw()), .events = POLLIN, .revents = 0};
  while (poll(&fd, 1, 0) > 0) {
    if (PQconsumeInput(raw()) == 0) lost(attempted);
    (void)PQisBusy(raw());  // hands notices on, a server's last word among them
  }
}

void Connection::stay_out_of_statement_log(Instant deadline) {
  try {
    execute("quieting the statement log", "SET log_statement = 'none'", {}, deadline);
  } catch (const Error& error) {
    if (broken_) throw;
    log::debug("{} stays in the server's statement log: {}", target_, error.what());
  }
}

void Connection::drain(Instant deadline) {
  while (true) {
    while (PQisBusy(raw()) != 0) {
      wait(POLLIN, deadline, "reading the end of an answer");
      if (PQconsumeInput(raw()) == 0) lost("reading the end of an answer");
    }
    if (Result{PQgetResult(raw())}.get() == nullptr) return;
  }
}

Result Connection::execute(std::string_view attempted, std::string_view sql, std::span<const Param> params,
                           Instant deadline) {
  const auto values = pointers(params);
  if (PQsendQueryParams(raw(), std::string{sql}.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 1) == 0) {
    lost(attempted);
  }
  try {
    auto result = next_result(attempted, deadline);
    if (PQresultStatus(result.get()) != PGRES_COPY_IN) drain(deadline);
    return result;
  } catch (const Error&) {
    if (!broken_) drain(deadline);
    throw;
  }
}

void Connection::send_prepared(const char* name, std::string_view sql, std::span<const Param> params,
                               Instant deadline) {
  if (std::find(prepared_.begin(), prepared_.end(), name) == prepared_.end()) {
    const std::string attempted = std::string{"preparing "} + name;
    if (PQsendPrepare(raw(), name, std::string{sql}.c_str(), 0, nullptr) == 0) lost(attempted);
    try {
      next_result(attempted, deadline);
    } catch (const Error&) {
      if (!broken_) drain(deadline);
      throw;
    }
    drain(deadline);
    prepared_.emplace_back(name);
  }
  const auto values = pointers(params);
  if (PQsendQueryPrepared(raw(), name, static_cast<int>(values.size()), values.data(), nullptr, nullptr, 1) ==
      0)
    lost(name);
}

Result Connection::execute_prepared(const char* name, std::string_view sql, std::span<const Param> params,
                                    Instant deadline) {
  send_prepared(name, sql, params, deadline);
  try {
    auto result = next_result(name, deadline);
    drain(deadline);
    return result;
  } catch (const Error&) {
    if (!broken_) drain(deadline);
    throw;
  }
}

void Connection::each_row(const char* name, std::string_view sql, std::span<const Param> params,
                          Instant deadline, const std::function<void(const Result&)>& take) {
  send_prepared(name, sql, params, deadline);
  if (PQsetSingleRowMode(raw()) == 0) lost(name);
  read_whole(deadline, [&] {
    for (auto result = next_result(name, deadline); PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE;
         result = next_result(name, deadline)) {
      take(result);
    }
  });
}

void Connection::each_copied(std::string_view attempted, std::string_view sql, Instant deadline,
                             const std::function<void(std::string_view)>& take) {
  if (PQsendQuery(raw(), std::string{sql}.c_str()) == 0) lost(attempted);
  constexpr int kWouldBlock = 0;
  constexpr int kDone = -1;  // PostgreSQL manual, "Functions Associated with the COPY Command"
  read_whole(deadline, [&] {
    next_result(attempted, deadline);
    while (true) {
      char* message = nullptr;
      const int size = PQgetCopyData(raw(), &message, 1);
      const std::unique_ptr<char, decltype(&PQfreemem)> owner{message, &PQfreemem};
      if (size == kDone) break;
      if (size < kDone) lost(attempted);
      if (size == kWouldBlock) {
        wait(POLLIN, deadline, attempted);
        if (PQconsumeInput(raw()) == 0) lost(attempted);
        continue;
      }
      try {
        take({message, static_cast<std::size_t>(size)});
      } catch (...) {
        broken_ = true;  // in the middle of a COPY there is no end to read up to
        throw;
      }
    }
    next_result(attempted, deadline);  // the end, or what went wrong on the way
  });
}

void Connection::read_whole(Instant deadline, const std::function<void()>& read) {
  try {
    read();
    drain(deadline);
  } catch (const Error&) {
    if (!broken_) drain(deadline);
    throw;
  } catch (...) {
    broken_ = true;  // half an answer is unread, and would be taken for the next one's
    throw;
  }
}

void Connection::cancel() noexcept {
  std::array<char, 256> message{};
  if (cancel_) PQcancel(cancel_.get(), message.data(), static_cast<int>(message.size()));
}

}  // namespace ratings::postgres
