#pragma once

// The one place that knows libpqxx 6.4 (Debian 12) from 7.10 (Debian 13).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
// gcc 14 takes the variant that pqxx::params appends to for uninitialised while it is moved.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <pqxx/pqxx>

#include <string>
#include <string_view>
#include <utility>

namespace ratings::postgres {

/// Runs one statement with its parameters bound.
template <typename... Args>
pqxx::result exec_bound(pqxx::transaction_base& transaction, std::string_view sql, Args&&... args) {
#if PQXX_VERSION_MAJOR < 7
  return transaction.exec_params(std::string{sql}, std::forward<Args>(args)...);
#else
  return transaction.exec(std::string{sql}, pqxx::params{std::forward<Args>(args)...});
#endif
}

}  // namespace ratings::postgres

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
