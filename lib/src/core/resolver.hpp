#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ratings {

/// The addresses of a host as text, in the order in which they should be tried; an address comes back as it
/// is. getaddrinfo(3) waits 10 s and more for a name server that is gone, and nothing ends it; this waits no
/// longer than `patience`. Who asks for a name that is being looked up waits for that look-up, so that a dead
/// name server costs one thread of libc a name. Nothing is remembered. Thread-safe. Throws
/// Error{unreachable}, Error{busy} when there is no answer in time; both name the host.
[[nodiscard]] std::vector<std::string> resolve(const std::string& host, std::chrono::milliseconds patience);

}  // namespace ratings
