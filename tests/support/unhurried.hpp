#pragma once

#include <chrono>

namespace ratings::test {

/// A budget for Redis commands in tests that are not about time: a machine busy with other tests may hold up
/// an answer for longer than a user would wait.
constexpr std::chrono::milliseconds kUnhurried{2'000};

}  // namespace ratings::test
