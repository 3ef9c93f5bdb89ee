#pragma once

#include "postgres/connection.hpp"
#include "store/exclusion_list.hpp"

#include "ratings/load.hpp"

#include <cstdint>

namespace ratings::postgres {

/// What a load goes by, read under the writers' lock.
struct LoadBasis {
  LoadFacts facts;
  std::int64_t position = 0;
  ExclusionList excluded;
};

/// In the transaction that `connection` is in. Throws as Connection::execute().
[[nodiscard]] LoadBasis read_load_basis(Connection& connection);

}  // namespace ratings::postgres
