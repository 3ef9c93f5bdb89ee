#include "redis/cluster.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

namespace ratings::redis {
namespace {

constexpr std::array<std::string_view, 2> kClusterSlots{"CLUSTER", "SLOTS"};
/// Nodes on the way in that are in no map: during a move of slots it is one.
constexpr std::size_t kMaxStrangers = 64;

template <typename List>
auto find_at(const List& servers, const Address& address) {
  return std::ranges::find_if(servers,
                              [&](const auto& server) { return same_place(server->address(), address); });
}

std::vector<std::shared_ptr<Server>> made_of(std::vector<Address> addresses, Clock& clock, Counts& counts) {
  std::vector<std::shared_ptr<Server>> servers;
  for (auto& address : addresses) {
    if (find_at(servers, address) == servers.end())
      servers.push_back(
          std::make_shared<Server>(std::move(address), Server::Place::in_cluster, clock, counts));
  }
  return servers;
}

}  // namespace

Cluster::Cluster(std::vector<Address> seeds, Clock& clock, Counts& counts)
    : clock_{clock}, counts_{counts}, seeds_{made_of(std::move(seeds), clock, counts)} {
  auto nothing = std::make_shared<Map>();
  nothing->owner.fill(SlotMap::kNobody);
  map_ = std::move(nothing);
}

std::vector<std::optional<Reply>> Cluster::ask(std::span<const Question> questions, Accept accept) {
  std::vector<std::optional<Reply>> answers(questions.size());
  auto trips = depart(questions);
  for (int hop = 0; hop < kHops && !trips.empty(); ++hop) {
    std::ranges::sort(trips, {}, [](const Trip& trip) { return trip.server.get(); });
    std::vector<Trip> further;
    for (auto begin = trips.begin(); begin != trips.end();) {
      const auto end =
          std::find_if(begin, trips.end(), [&](const Trip& t) { return t.server != begin->server; });
      std::ranges::move(travel({begin, end}, questions, accept, answers), std::back_inserter(further));
      begin = end;
    }
    trips = std::move(further);
  }
  counts_.failed += trips.size();
  return answers;
}

/// Where the map says; nobody holds a slot before the first map, and when a node has left with its slots.
std::vector<Cluster::Trip> Cluster::depart(std::span<const Question> questions) {
  std::vector<std::uint16_t> slots;
  slots.reserve(questions.size());
  for (const auto& question : questions) slots.push_back(slot_of(question.key));
  auto now = map();
  const auto unheld = [&](std::uint16_t slot) { return now->owner[slot] == SlotMap::kNobody; };
  if (std::ranges::any_of(slots, unheld)) {
    renew_map(nullptr);
    now = map();
  }
  std::vector<Trip> trips;
  trips.reserve(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (unheld(slots[i])) {
      ++counts_.failed;
      continue;
    }
    trips.push_back({.question = i, .server = now->nodes[now->owner[slots[i]]], .asking = false});
  }
  return trips;
}

/// Asks one server for all that is to be asked there; returns those that were sent elsewhere.
std::vector<Cluster::Trip> Cluster::travel(std::span<const Trip> together,
                                           std::span<const Question> questions, Accept accept,
                                           std::vector<std::optional<Reply>>& answers) {
  std::vector<Errand> errands;
  errands.reserve(together.size());
  for (const auto& trip : together)
    errands.push_back({.command = questions[trip.question].command, .asking = trip.asking});
  auto outcome = together.front().server->ask(errands, accept);
  // The node may be gone for good, and its slots be another's.
  if (outcome.end == Outcome::End::failed) renew_map(nullptr);
  std::vector<Trip> further;
  for (std::size_t i = 0; i < outcome.replies.size(); ++i) {
    auto& reply = outcome.replies[i];
    if (reply.type != Reply::Type::redirection) {
      answers[together[i].question] = std::move(reply);
    } else if (auto next = follow(reply, together[i])) {
      further.push_back(std::move(*next));
    } else {
      ++counts_.failed;
    }
  }
  return further;
}

std::optional<Cluster::Trip> Cluster::follow(const Reply& reply, const Trip& trip) {
  ++redirections_;
  const auto found = read_redirection(reply.text, trip.server->address());
  if (!found) return std::nullopt;
  auto server = server_at(found->to);
  if (!found->ask) renew_map(server);
  return Trip{.question = trip.question, .server = std::move(server), .asking = found->ask};
}

/// A new map from `first`, or whoever answers. Not while another thread is at it, nor soon after: then the
/// one we have must do.
void Cluster::renew_map(ServerPtr first) {
  const std::unique_lock turn{renewing_, std::try_to_lock};
  if (!turn || (renewed_ && clock_.now() < *renewed_ + kBetweenMaps)) return;
  ++maps_;
  // Refusals come at once; who lets us wait is waited for once. The next time begins with the next one.
  const auto deadline = std::chrono::steady_clock::now() + seeds_.front()->address().budget;
  for (const auto& server : who_may_know(std::move(first))) {
    if (take_map_from(*server) || std::chrono::steady_clock::now() > deadline) break;
  }
  renewed_ = clock_.now();
}

bool Cluster::take_map_from(Server& server) {
  const Errand errand{.command = kClusterSlots};
  const auto outcome = server.ask({&errand, 1}, Accept::list);
  if (outcome.end != Outcome::End::answered || outcome.replies.front().type != Reply::Type::list)
    return false;
  const auto slots = read_slots(outcome.replies.front(), server.address());
  if (slots) install(*slots);
  return slots.has_value();
}

void Cluster::install(const SlotMap& slots) {
  auto next = std::make_shared<Map>();
  for (const auto& master : slots.masters) next->nodes.push_back(server_at(master));
  next->owner = slots.owner;
  next->covered = slots.covered;
  const auto before = map();
  if (before->nodes != next->nodes || before->covered != next->covered)
    log::info("redis cluster nodes={} slots={} of={}", next->nodes.size(), next->covered, kSlots);
  const std::scoped_lock lock{mutex_};
  map_ = std::move(next);
  strangers_.clear();
}

/// Nodes of the map in turn, then the addresses we were given: they may be names that mean other machines
/// now.
std::vector<Cluster::ServerPtr> Cluster::who_may_know(ServerPtr first) {
  std::vector<ServerPtr> all;
  if (first) all.push_back(std::move(first));
  const auto add = [&](const std::vector<ServerPtr>& servers) {
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const auto& server = servers[(turn_ + i) % servers.size()];
      if (std::ranges::find(all, server) == all.end()) all.push_back(server);
    }
  };
  add(map()->nodes);
  add(seeds_);
  ++turn_;
  return all;
}

Cluster::ServerPtr Cluster::server_at(const Address& address) {
  const std::scoped_lock lock{mutex_};
  const std::array<const std::vector<ServerPtr>*, 3> places{&map_->nodes, &seeds_, &strangers_};
  for (const auto* known : places) {
    if (const auto found = find_at(*known, address); found != known->end()) return *found;
  }
  if (strangers_.size() == kMaxStrangers) strangers_.clear();
  strangers_.push_back(std::make_shared<Server>(address, Server::Place::in_cluster, clock_, counts_));
  return strangers_.back();
}

Cluster::MapPtr Cluster::map() const {
  const std::scoped_lock lock{mutex_};
  return map_;
}

bool Cluster::usable() const noexcept {
  const auto usable = [](const ServerPtr& server) { return server->usable(); };
  const auto now = map();
  return std::ranges::any_of(now->nodes.empty() ? seeds_ : now->nodes, usable);
}

void Cluster::describe(RedisFigures& figures) const {
  const auto now = map();
  auto& cluster = figures.cluster.emplace();
  figures.breaker_open = true;
  for (const auto& server : now->nodes.empty() ? seeds_ : now->nodes) {
    const auto [in_use, idle] = server->connections();
    cluster.nodes.push_back({.name = server->address().name(), .breaker_open = server->breaker_open()});
    figures.breaker_open = figures.breaker_open && server->breaker_open();
    figures.connections_in_use += in_use;
    figures.connections_idle += idle;
  }
  cluster.maps = maps_;
  cluster.redirections = redirections_;
}

}  // namespace ratings::redis
