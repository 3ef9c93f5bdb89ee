#pragma once

#include "redis/connection.hpp"
#include "redis/redis_url.hpp"
#include "redis/slots.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ratings::redis {

/// What nodes of a cluster say about who holds what. Pure. A node that names no host means the one that was
/// asked; user and password are those of the one asked, too.
struct SlotMap {
  static constexpr std::uint16_t kNobody = 0xFFFF;

  std::vector<Address> masters;               ///< each once
  std::array<std::uint16_t, kSlots> owner{};  ///< index into masters, or kNobody
  std::uint16_t covered = 0;                  ///< slots that somebody holds
};

/// The answer to CLUSTER SLOTS. nullopt when it is malformed, or says that nobody holds anything: the word of
/// a node that has left its cluster must not replace what we know.
[[nodiscard]] std::optional<SlotMap> read_slots(const Reply& reply, const Address& asked);

struct Redirection {
  bool ask = false;  ///< ASK: only this command, only now. Otherwise MOVED: the slot has gone there
  Address to;
};

/// "MOVED 3999 127.0.0.1:6381" or "ASK …". nullopt when malformed.
[[nodiscard]] std::optional<Redirection> read_redirection(std::string_view text, const Address& asked);

}  // namespace ratings::redis
