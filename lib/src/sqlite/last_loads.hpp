#pragma once

#include "sqlite/database.hpp"

#include "ratings/admin.hpp"

#include <cstdint>
#include <vector>

namespace ratings::sqlite {

/// At most `most` loads, newest first, with their files as they were named.
[[nodiscard]] std::vector<LoadInfo> last_loads(Database& database, std::int64_t most);

}  // namespace ratings::sqlite
