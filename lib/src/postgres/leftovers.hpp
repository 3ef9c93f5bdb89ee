#pragma once

#include "postgres/session.hpp"

namespace ratings::postgres {

/// Tables that a load filled and could not swap in, because it or the server was killed in between. Removes
/// them, under the writers' lock, and logs each with its size. Nothing to do in nearly every run. Throws as
/// Session::change().
void remove_leftovers(Session& session);

}  // namespace ratings::postgres
