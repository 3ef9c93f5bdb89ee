#pragma once

#include "postgres/commit_outcome.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/pqxx_compat.hpp"

#include "ratings/clock.hpp"
#include "ratings/store.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace ratings::postgres {

/// A libpqxx connection for operators' commands, opened on first use, with the one translation of libpqxx's
/// exceptions into ours. Not thread-safe, except cancel().
class Session {
 public:
  explicit Session(const StoreOptions& options)
      : command_{options.command}, conninfo_{conninfo(options, Purpose::change)} {}

  /// A transaction that only reads.
  template <typename Work>
  auto read(std::string_view attempted, Work&& body) {
    return guarded(attempted, [&] {
      pqxx::work transaction{connection()};
      return body(transaction);
    });
  }

  /// A transaction that changes ratings: takes the writers' lock (30 s, also together with what `body` waits
  /// for, then Error{guard} naming the holder), runs `body`, and COMMITs if it returns true. Returns when
  /// COMMIT was answered, or what the server says it became of. Then wakes the servers, if it can.
  template <typename Work>
  Instant change(std::string_view attempted, Work&& body) {
    return guarded(attempted, [&] {
      Instant committed{};
      {
        pqxx::work transaction{connection()};
        lock(transaction);
        if (!body(transaction)) return boot_clock().now();
        commit(transaction, attempted);
        committed = confirm_visible();
      }
      send_hint();
      return committed;
    });
  }

  /// The body of both, for callers with a transaction of their own.
  template <typename Work>
  auto guarded(std::string_view attempted, Work&& body) {
    try {
      return body();
    } catch (const pqxx::failure& error) {
      rethrow(attempted, error);
    }
  }

  pqxx::connection& connection();
  void commit(pqxx::work& transaction, std::string_view attempted);
  [[nodiscard]] const std::string& conninfo_text() const noexcept { return conninfo_; }
  /// Whose connection it is: "purge-user".
  [[nodiscard]] const std::string& command() const noexcept { return command_; }
  void cancel() noexcept;
  /// The connection, not the object: the next use opens another one.
  void hang_up() noexcept;
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

 private:
  void send_hint() noexcept;
  void lock(pqxx::work& transaction);
  [[noreturn]] void rethrow(std::string_view attempted, const pqxx::failure& error);

  const std::string command_;
  const std::string conninfo_;
  std::unique_ptr<pqxx::connection> connection_;
  std::mutex cancelling_;
  std::atomic<bool> cancelled_ = false;
  bool locked_ = false;  ///< the writers' lock was got in this transaction, or the last one
};

}  // namespace ratings::postgres
