#pragma once

#include "postgres/connection.hpp"

#include <functional>

namespace ratings::postgres {

/// Locks ratings against everybody, inside the connection's transaction, without keeping readers waiting for
/// longer than a moment: tries for a short time, again and again, for 30 s in all, the wait for a VACUUM
/// included, as every changing command waits. From then on the server gives up the transaction when nothing
/// comes from us for 10 s. `check_cancelled` is called between tries and throws to end them. Throws
/// Error{guard} when somebody holds the table all the time.
void lock_for_swap(Connection& connection, const std::function<void()>& check_cancelled);

}  // namespace ratings::postgres
