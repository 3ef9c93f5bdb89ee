#include "http/request_id.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <random>

namespace ratings::http {

std::string make_request_id() {
  // Seeded once a thread; an id names a request, it is no secret.
  thread_local std::mt19937_64 random{std::random_device{}() | std::uint64_t{std::random_device{}()} << 32U};
  return fmt::format("{:016x}", random());
}

}  // namespace ratings::http
