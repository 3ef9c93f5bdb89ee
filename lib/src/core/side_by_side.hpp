#pragma once

#include <cstddef>
#include <functional>

namespace ratings {

/// Runs work(0) … work(count − 1) at the same time, work(0) on the caller's thread and each other on one of
/// its own, and returns when all have ended. The first failure is thrown then, as Error; `failed` is called
/// as soon as it happens, on its thread, so that the others can be told to end.
void side_by_side(
    std::size_t count, const std::function<void(std::size_t)>& work,
    const std::function<void()>& failed = [] {});

}  // namespace ratings
