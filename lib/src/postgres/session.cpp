#include "postgres/session.hpp"

#include "core/log.hpp"
#include "postgres/change_hints.hpp"
#include "postgres/commit_outcome.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/errors.hpp"

#include "ratings/error.hpp"

namespace ratings::postgres {
namespace {

/// libpqxx 6.4 leaves the SQLSTATE out of the errors that have a class of their own.
std::string sqlstate_of(const pqxx::failure& error) {
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  if (sql == nullptr) return {};
  if (!sql->sqlstate().empty()) return sql->sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(sql) != nullptr)
    return std::string{state::kInsufficientPrivilege};
  if (dynamic_cast<const pqxx::undefined_table*>(sql) != nullptr) return std::string{state::kUndefinedTable};
  if (dynamic_cast<const pqxx::insufficient_resources*>(sql) != nullptr)
    return std::string{state::kResources};
  return std::string{state::kOther};
}

// $1: ms that are spent. What is left is for the locks that follow, so that the waits do not add up.
constexpr const char* kLessPatience =
    "SELECT set_config('lock_timeout', greatest(setting::bigint - $1::bigint, 1)::text, true) "
    "FROM pg_settings WHERE name = 'lock_timeout' AND setting <> '0'";
/// Not worth a statement.
constexpr std::chrono::milliseconds kNoWait{100};

/// As long as conninfo() gives a host.
constexpr std::chrono::seconds kNamePatience{3};

std::unique_ptr<pqxx::connection> connected(const std::string& conninfo) {
  const auto places = by_address(conninfo, kNamePatience);
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    try {
      return std::make_unique<pqxx::connection>(places[i]);
    } catch (const pqxx::broken_connection& error) {
      log::debug("trying the next address: {}", first_line(error.what()));
    }
  }
  try {
    return std::make_unique<pqxx::connection>(places.back());
  } catch (const pqxx::broken_connection& error) {
    throw pqxx::broken_connection{not_connected(error.what())};
  }
}

}  // namespace

pqxx::connection& Session::connection() {
  const std::lock_guard guard{cancelling_};
  if (!connection_) connection_ = connected(conninfo_);
  return *connection_;
}

void Session::lock(pqxx::work& transaction) {
  locked_ = false;
  const auto asked = boot_clock().now();
  transaction.exec(std::string{"SELECT pg_advisory_xact_lock("} + kChangeLock + ")");
  locked_ = true;
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(boot_clock().now() - asked);
  if (waited > kNoWait) exec_bound(transaction, kLessPatience, waited.count());
}

void Session::commit(pqxx::work& transaction, std::string_view attempted) {
  const auto own_name = exec_bound(transaction, kMarkTransaction)[0][0].as<std::string>();
  if (cancelled_)
    throw Error{Kind::interrupted, std::string{attempted} + ": interrupted, nothing was changed",
                Outcome::told};
  try {
    transaction.commit();
  } catch (const pqxx::sql_error&) {
    throw;  // the server answered: it refused
  } catch (const pqxx::failure& error) {
    log::warn("COMMIT was not answered, asking what became of it: {}", first_line(error.what()));
    require_committed(conninfo_, own_name, std::string{attempted});
  }
}

void Session::send_hint() noexcept try {
  pqxx::nontransaction statement{connection()};
  statement.exec(kSendHint);
} catch (const std::exception& error) {
  log::debug("the servers were not woken: {}", first_line(error.what()));
}

void Session::rethrow(std::string_view attempted, const pqxx::failure& error) {
  if (cancelled_)
    throw Error{Kind::interrupted, std::string{attempted} + ": interrupted, nothing was changed",
                Outcome::told};
  const auto translated = translate(attempted, sqlstate_of(error), error.what());
  if (translated.kind() == Kind::guard) {
    throw waited_for_lock(conninfo_, attempted, "nothing was changed", locked_ ? Wanted::rows : Wanted::lock);
  }
  throw translated;
}

void Session::hang_up() noexcept {
  const std::lock_guard guard{cancelling_};
  connection_.reset();
}

void Session::cancel() noexcept {
  cancelled_ = true;
  const std::lock_guard guard{cancelling_};
  try {
    if (connection_) connection_->cancel_query();
  } catch (const std::exception& error) {
    log::warn("the running statement could not be cancelled: {}", first_line(error.what()));
  }
}

}  // namespace ratings::postgres
