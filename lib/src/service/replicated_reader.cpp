#include "service/replicated_reader.hpp"

#include "core/log.hpp"

#include "ratings/error.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace ratings {
namespace {

using namespace std::chrono_literals;

/// A replica that is back is used again within this; its lag is as old as this.
constexpr std::chrono::milliseconds kRound{1'000};
/// One index look-up; a replica that needs longer for it helps nobody.
constexpr std::chrono::milliseconds kLookBudget{500};

/// One late read may be a conflict with its replay, or a pool that was busy for a moment.
constexpr int kLateReads = 3;
constexpr std::chrono::milliseconds kLongestPause{30'000};

/// A replica gets half of what is left, so that the primary can still answer when it does not.
Instant half_way(Instant asked, Instant deadline) { return asked + (deadline - asked) / 2; }

}  // namespace

struct CheckedReplicas::Member {
  explicit Member(Replica given) : replica{std::move(given)} {}

  Replica replica;
  std::atomic<bool> up{false};
  std::atomic<bool> told{false};  ///< the log knows whether it answers
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> busy{0};

  std::atomic<int> late{0};       ///< reads in a row
  std::atomic<bool> slow{false};  ///< it was left alone for that, and has answered no read since

  mutable std::mutex mutex;
  ReplicaFigures seen;                      ///< when last looked at
  std::chrono::milliseconds pause{kRound};  ///< for the next time that it is too slow
  Instant alone_until{};

  /// Tells of each change once, and of one that has never answered.
  void turn(bool answers, const char* reason) {
    const bool first = !told.exchange(true);
    if (up.exchange(answers) == answers && !first) return;
    if (answers) {
      log::info("a replica is used replica={}", replica.name);
    } else {
      log::warn("a replica is left alone until it answers again replica={} reason={}", replica.name,
                log::quoted(reason));
    }
  }
};

CheckedReplicas::CheckedReplicas(HistoryReader& primary, std::unique_ptr<PositionReader> positions,
                                 std::vector<Replica> replicas, Coherence& coherence, Clock& clock,
                                 Background background)
    : primary_{primary}, positions_{std::move(positions)}, coherence_{coherence}, clock_{clock} {
  members_.reserve(replicas.size());
  for (auto& replica : replicas) members_.push_back(std::make_unique<Member>(std::move(replica)));
  if (background == Background::thread)
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

CheckedReplicas::~CheckedReplicas() = default;

CheckedReplicas::Member* CheckedReplicas::choose(Instant asked) {
  const auto first = next_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& member = *members_[(first + i) % members_.size()];
    // Without a fresh check nothing that a replica says could be believed.
    if (member.up) return coherence_.trusted(asked) ? &member : nullptr;
  }
  return nullptr;
}

template <typename Read>
auto CheckedReplicas::attempt(Member& member, std::size_t wanted, Read read)
    -> std::optional<decltype(read())> {
  try {
    auto found = std::optional{read()};
    member.late = 0;
    if (member.slow && member.slow.exchange(false)) {
      const std::scoped_lock lock{member.mutex};
      member.pause = kRound;
    }
    return found;
  } catch (const Error& error) {
    (error.kind() == Kind::busy ? member.busy : member.failed) += wanted;
    log::debug("reading from replica {} failed, the primary is asked: {}", member.replica.name, error.what());
    if (error.kind() == Kind::unreachable) member.turn(false, error.what());
    if (error.kind() == Kind::busy) count_late(member);
    return std::nullopt;
  }
}

void CheckedReplicas::count_late(Member& member) {
  if (++member.late < kLateReads || !member.up) return;
  {
    const std::scoped_lock lock{member.mutex};
    member.alone_until = clock_.now() + member.pause;
    member.pause = std::min(2 * member.pause, kLongestPause);
  }
  member.slow = true;
  member.late = 0;
  member.turn(false, "its reads take too long");
}

History CheckedReplicas::history(UserId user, Instant deadline) {
  const auto asked = clock_.now();
  if (auto* member = choose(asked)) {
    auto found = attempt(*member, 1,
                         [&] { return member->replica.histories->history(user, half_way(asked, deadline)); });
    if (found && coherence_.usable(user, found->tag, asked)) {
      ++member->reads;
      return *std::move(found);
    }
    if (found) ++member->refused;
  }
  return primary_.history(user, deadline);
}

std::vector<History> CheckedReplicas::histories(std::span<const UserId> users, Instant deadline) {
  const auto asked = clock_.now();
  auto* member = choose(asked);
  if (member == nullptr) return primary_.histories(users, deadline);
  auto found = attempt(*member, users.size(), [&] {
    return member->replica.histories->histories(users, half_way(asked, deadline));
  });
  if (!found) return primary_.histories(users, deadline);
  std::vector<std::size_t> places;
  std::vector<UserId> again;
  for (std::size_t i = 0; i < found->size(); ++i) {
    if (coherence_.usable(users[i], (*found)[i].tag, asked)) continue;
    places.push_back(i);
    again.push_back(users[i]);
  }
  member->reads += users.size() - again.size();
  member->refused += again.size();
  if (again.empty()) return *std::move(found);
  auto better = primary_.histories(again, deadline);
  for (std::size_t i = 0; i < places.size(); ++i) (*found)[places[i]] = std::move(better[i]);
  return *std::move(found);
}

std::optional<History> CheckedReplicas::spare_history(UserId user, Instant deadline) {
  return primary_.spare_history(user, deadline);
}

std::vector<ReplicaFigures> CheckedReplicas::replicas() const {
  std::vector<ReplicaFigures> all;
  all.reserve(members_.size());
  for (const auto& member : members_) {
    auto& figures = all.emplace_back();
    {
      const std::scoped_lock lock{member->mutex};
      figures = member->seen;
    }
    figures.name = member->replica.name;
    figures.up = member->up;
    figures.reads = member->reads;
    figures.refused = member->refused;
    figures.failed = member->failed;
    figures.busy = member->busy;
  }
  return all;
}

void CheckedReplicas::look() {
  for (const auto& member : members_) look_at(*member);
}

void CheckedReplicas::look_at(Member& member) {
  try {
    const auto state = member.replica.probe->look(clock_.now() + kLookBudget);
    const auto figures = coherence_.figures();
    auto seen = measured(member.replica.name, state, figures ? figures->position : state.now.position);
    seen.foreign = !of_history(state, *positions_, clock_.now() + kLookBudget);
    if (seen.foreign) member.turn(false, "its history is not the store's");
    bool alone = seen.foreign;
    {
      const std::scoped_lock lock{member.mutex};
      member.seen = std::move(seen);
      alone = alone || clock_.now() < member.alone_until;
    }
    if (!alone) member.turn(true, "");
  } catch (const Error& error) {
    {
      const std::scoped_lock lock{member.mutex};
      member.seen.foreign = false;
    }
    member.turn(false, error.what());
  }
}

void CheckedReplicas::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      look();
    } catch (const std::exception& error) {
      log::error("looking at the replicas failed reason={}", log::quoted(error.what()));
    }
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, kRound, [] { return false; });
  }
}

ReplicaFigures measured(const std::string& name, const ReplicaState& state, std::int64_t position) {
  ReplicaFigures figures;
  figures.name = name;
  figures.up = true;
  figures.behind = std::max<std::int64_t>(position - state.now.position, 0);
  figures.lag = figures.behind == 0 ? std::optional{0ms} : state.replayed;
  return figures;
}

bool of_history(const ReplicaState& state, PositionReader& primary, Instant deadline) {
  try {
    return primary.standing({}, state.now, deadline).known_point;
  } catch (const Error& error) {
    log::debug("a replica's history was not compared: {}", error.what());
    return true;
  }
}

std::vector<Check> replica_checks(std::span<const ReplicaFigures> replicas) {
  std::vector<Check> checks;
  checks.reserve(replicas.size());
  for (const auto& replica : replicas) {
    auto detail = std::string{"does not answer; the primary is read"};
    if (replica.foreign)
      detail = "has a history that is not the store's, after a restore or a promotion; make it anew";
    if (replica.up && replica.behind == 0) detail = "answers, lacks no change";
    if (replica.up && replica.behind > 0) {
      detail = "answers, lacks " + std::to_string(replica.behind) + " changes";
      if (replica.lag)
        detail += ", replayed last what was committed " + std::to_string(replica.lag->count()) + " ms ago";
    }
    // Not by `status`, which is no server.
    if (const auto others = replica.refused + replica.failed + replica.busy; replica.reads + others > 0)
      detail += "; " + std::to_string(replica.reads) + " histories read from it, " + std::to_string(others) +
                " from the primary instead";
    checks.push_back({.name = "replica " + replica.name,
                      .ok = replica.up,
                      .blocks_cache = false,
                      .detail = std::move(detail)});
  }
  return checks;
}

std::unique_ptr<ReplicatedReader> make_replicated_reader(HistoryReader& primary,
                                                         std::unique_ptr<PositionReader> positions,
                                                         std::vector<Replica> replicas, Coherence& coherence,
                                                         Clock& clock) {
  return std::make_unique<CheckedReplicas>(primary, std::move(positions), std::move(replicas), coherence,
                                           clock, CheckedReplicas::Background::thread);
}

}  // namespace ratings
