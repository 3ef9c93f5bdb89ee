#pragma once

// Logging inside the library; no public header includes this. One line an event: a fixed sentence, then
// key=value.
//   log::warn("redis left alone for a while seconds={}", 5);
#include <spdlog/spdlog.h>

namespace ratings::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace ratings::log
