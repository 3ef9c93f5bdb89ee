#include "redis/slot_map.hpp"

#include <algorithm>
#include <charconv>

namespace ratings::redis {
namespace {

using Type = Reply::Type;

/// Redis Cluster is made for up to 1,000 nodes; more is nonsense.
constexpr std::size_t kMaxMasters = 1'000;
/// What stands for a host that has no name (cluster-preferred-endpoint-type hostname).
constexpr std::string_view kUnknownHost = "?";

Address neighbour(const Address& asked, std::string_view host, int port) {
  auto address = asked;
  if (!host.empty()) address.host = std::string{host};
  address.port = port;
  return address;
}

/// nullopt: it cannot be reached, because it has no name.
std::optional<std::uint16_t> index_of(const Reply& node, const Address& asked, SlotMap& map) {
  if (node.elements[0].text == kUnknownHost) return std::nullopt;
  const auto address = neighbour(asked, node.elements[0].text, static_cast<int>(node.elements[1].integer));
  const auto known =
      std::ranges::find_if(map.masters, [&](const Address& other) { return same_place(address, other); });
  const auto index = static_cast<std::uint16_t>(known - map.masters.begin());
  if (known == map.masters.end()) map.masters.push_back(address);
  return index;
}

/// host (nil: the one asked), port, id, …
bool is_node(const Reply& reply) {
  if (reply.type != Type::list || reply.elements.size() < 2) return false;
  const auto& host = reply.elements[0].type;
  const auto& port = reply.elements[1];
  return (host == Type::text || host == Type::nil) && port.type == Type::integer && port.integer > 0 &&
         port.integer <= kMaxPort;
}

/// first slot, last slot, master, replicas…
bool is_range(const Reply& reply) {
  if (reply.type != Type::list || reply.elements.size() < 3) return false;
  const auto& first = reply.elements[0];
  const auto& last = reply.elements[1];
  return first.type == Type::integer && last.type == Type::integer && first.integer >= 0 &&
         first.integer <= last.integer && last.integer < kSlots && is_node(reply.elements[2]);
}

}  // namespace

std::optional<SlotMap> read_slots(const Reply& reply, const Address& asked) {
  if (reply.type != Type::list) return std::nullopt;
  SlotMap map;
  map.owner.fill(SlotMap::kNobody);
  for (const auto& range : reply.elements) {
    if (!is_range(range) || map.masters.size() > kMaxMasters) return std::nullopt;
    const auto master = index_of(range.elements[2], asked, map);
    if (!master) continue;
    for (auto slot = range.elements[0].integer; slot <= range.elements[1].integer; ++slot)
      map.owner[static_cast<std::size_t>(slot)] = *master;
  }
  map.covered = static_cast<std::uint16_t>(kSlots - std::ranges::count(map.owner, SlotMap::kNobody));
  if (map.covered == 0) return std::nullopt;
  return map;
}

std::optional<Redirection> read_redirection(std::string_view text, const Address& asked) {
  Redirection found;
  found.ask = text.starts_with("ASK ");
  const auto blank = text.rfind(' ');
  const auto colon = text.rfind(':');  // an IPv6 host has no brackets here
  if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank)
    return std::nullopt;
  const auto host = text.substr(blank + 1, colon - blank - 1);
  const auto digits = text.substr(colon + 1);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port <= 0 || port > kMaxPort ||
      host == kUnknownHost)
    return std::nullopt;
  found.to = neighbour(asked, host, port);
  return found;
}

}  // namespace ratings::redis
