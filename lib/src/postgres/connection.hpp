#pragma once

#include "ratings/clock.hpp"
#include "ratings/position.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ratings::postgres {

inline constexpr Instant kNoDeadline = Instant::max();

/// A result in binary format; getters trust the statement's column types. Owns its PGresult.
class Result {
 public:
  explicit Result(PGresult* result) : result_{result, &PQclear} {}

  [[nodiscard]] int rows() const { return PQntuples(result_.get()); }
  [[nodiscard]] bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  [[nodiscard]] std::int32_t int4(int row, int column) const;
  [[nodiscard]] std::int64_t int8(int row, int column) const;
  [[nodiscard]] float float4(int row, int column) const;
  [[nodiscard]] bool boolean(int row, int column) const;
  [[nodiscard]] Salt uuid(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const;  ///< text and bytea
  [[nodiscard]] std::uint64_t affected() const;
  [[nodiscard]] const PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

/// A parameter in text form; integers and arrays are converted by the constructors below.
using Param = std::optional<std::string>;
[[nodiscard]] Param param(std::int64_t value);
[[nodiscard]] Param param(const Salt& salt);
[[nodiscard]] Param param(std::span<const UserId> users);  ///< bigint[]

/// One libpq connection whose every wait ends at a deadline: libpq's own calls wait for ever. Not
/// thread-safe, except cancel(). After Error{unreachable} or a missed deadline it is broken and must be
/// thrown away.
class Connection {
 public:
  /// Error{unreachable} naming host, port and database. Several hosts are tried in their order, each for its
  /// part of the time: one that swallows everything must not keep us from the next (libpq's connect_timeout
  /// does nothing here, PQconnectStart knows no time).
  Connection(const std::string& conninfo, Instant deadline);

  /// One statement, parameters bound, binary result. `attempted` begins the error message.
  Result execute(std::string_view attempted, std::string_view sql, std::span<const Param> params,
                 Instant deadline);
  Result execute(std::string_view attempted, std::string_view sql) {
    return execute(attempted, sql, {}, kNoDeadline);
  }
  /// Prepares `sql` under `name` the first time this connection sees the name.
  Result execute_prepared(const char* name, std::string_view sql, std::span<const Param> params,
                          Instant deadline);
  /// The same for answers that must not be held whole: `take` sees one row at a time, as the row 0 of a
  /// result.
  void each_row(const char* name, std::string_view sql, std::span<const Param> params, Instant deadline,
                const std::function<void(const Result&)>& take);
  /// A COPY … TO STDOUT: `take` sees one message at a time, which is whole rows.
  void each_copied(std::string_view attempted, std::string_view sql, Instant deadline,
                   const std::function<void(std::string_view)>& take);
  /// The next result, or the error it stands for.
  Result next_result(std::string_view attempted, Instant deadline);
  /// For questions that are asked again and again. Superusers only; others stay in it.
  void stay_out_of_statement_log(Instant deadline);
  /// Between statements: takes in what the server says unasked, without waiting. Throws Error{unreachable}
  /// when it has hung up, which nothing else would tell before the next statement.
  void notice_loss(std::string_view attempted);
  /// Reads until the server is ready for another statement.
  void drain(Instant deadline);

  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] PGconn* raw() noexcept { return connection_.get(); }
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  void cancel() noexcept;

 private:
  /// In turns, each for its part of the time, until one takes us; throws what the last one threw.
  void try_each(std::span<const std::string> places, Instant deadline,
                void (Connection::*attempt)(const std::string&, Instant));
  void connect_to_host(const std::string& conninfo, Instant deadline);
  void connect(const std::string& conninfo, Instant deadline);
  /// Reads an answer by `read`, to its end. An exception of a caller's leaves it half read: broken.
  void read_whole(Instant deadline, const std::function<void()>& read);
  void send_prepared(const char* name, std::string_view sql, std::span<const Param> params, Instant deadline);
  void wait(short events, Instant deadline, std::string_view attempted);
  [[noreturn]] void lost(std::string_view attempted);
  void check(PGresult* result, std::string_view attempted);

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
  std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel_{nullptr, &PQfreeCancel};
  std::string target_;
  std::vector<std::string> prepared_;
  bool broken_ = false;
};

}  // namespace ratings::postgres
