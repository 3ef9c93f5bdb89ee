#pragma once

#include <string>

namespace ratings {

/// Who runs this process, for the audit log: "login@host".
[[nodiscard]] std::string operator_name();

}  // namespace ratings
